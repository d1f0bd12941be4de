from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from payments import fitness, jobs  # noqa: F401, PLC0415  declares the jobs of this room, and its needs
