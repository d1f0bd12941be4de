from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from core import navigation  # noqa: PLC0415  models are loaded only now
        from payments import (  # noqa: F401, PLC0415  declares what this room does, and needs
            balance_jobs,
            fitness,
            jobs,
            payment_events,
        )

        navigation.register(
            "Operations",
            "Webhooks",
            "payments:console_webhooks",
            "webhooks_replay",
            "bell",
            summary="See what Stripe has told the shop, and take an event up again.",
        )
