from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from core import navigation  # noqa: PLC0415  models are loaded only now
        from payments import (  # noqa: F401, PLC0415  declares what this room does, and needs
            balance_jobs,
            dispute_jobs,
            fitness,
            jobs,
            payment_events,
            refund_jobs,
        )
        from payments.dispute_list import open_disputes  # noqa: PLC0415
        from payments.refund_page import waiting_refunds  # noqa: PLC0415

        navigation.register(
            "Sales",
            "Disputes",
            "payments:console_disputes",
            "disputes_manage",
            "scale",
            position=40,
            summary="Answer banks that ask about a payment, or took it back.",
            waiting=open_disputes,
        )
        navigation.register(
            "Sales",
            "Refunds",
            "payments:console_refunds",
            "refunds_make",
            "undo-2",
            position=10,
            summary="See what was given back, what is on its way, and what failed.",
            waiting=waiting_refunds,
        )
        navigation.register(
            "Reports",
            "Finance",
            "payments:console_finance",
            "analytics_view",
            "banknote",
            position=20,
            summary="What moved on the Stripe balance, what reached the bank, and whether it agrees with the orders.",
        )
        navigation.register(
            "Operations",
            "Webhooks",
            "payments:console_webhooks",
            "webhooks_replay",
            "bell",
            summary="See what Stripe has told the shop, and take an event up again.",
        )
