from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from core import checks, fitness, housekeeping, lookups  # noqa: F401, PLC0415  they register themselves
        from core.sqlite import ask_for_json_without_a_lock  # noqa: PLC0415  models are loaded only now

        ask_for_json_without_a_lock()
