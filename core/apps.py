from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from core import checks, fitness, housekeeping  # noqa: F401, PLC0415  registers its checks and jobs
