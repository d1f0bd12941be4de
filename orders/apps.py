from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"

    def ready(self) -> None:
        from core import navigation  # noqa: PLC0415  models are loaded only now
        from orders import jobs, sign_in  # noqa: F401, PLC0415  register a job and the receiver of sign-ins
        from orders.documents import register_documents  # noqa: PLC0415
        from orders.holds import units_held  # noqa: PLC0415
        from orders.return_page import waiting_returns  # noqa: PLC0415
        from products import tracking  # noqa: PLC0415

        register_documents()
        tracking.register_holder(units_held)
        navigation.register(
            "Sales",
            "Orders",
            "orders:console_list",
            "orders_view",
            "package",
            position=0,
            summary="Find, send, hold, cancel and refund orders.",
        )
        navigation.register(
            "Sales",
            "Returns",
            "orders:console_returns",
            "returns_manage",
            "undo-2",
            position=20,
            summary="Answer what shoppers want to send back, and record what has come.",
            waiting=waiting_returns,
        )
        navigation.register(
            "Sales",
            "Invoices",
            "orders:console_invoices",
            "invoices_view",
            "receipt",
            position=30,
            summary="Look up invoices and credit notes, and what a month of them comes to.",
        )
