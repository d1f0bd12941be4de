from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def ready(self) -> None:
        """Declare the job, the documents that are made from the registry, and the places in the console."""
        from analytics import jobs  # noqa: F401, PLC0415  declares the job of this room
        from analytics.documents import register_documents  # noqa: PLC0415
        from analytics.exports import (  # noqa: F401, PLC0415  declare files
            datasets_accounting,
            datasets_audit,
            datasets_daily,
            datasets_figures,
            datasets_lines,
            datasets_star,
            datasets_stripe,
        )
        from analytics.exports import jobs as export_jobs  # noqa: F401, PLC0415  declares those of files
        from core import navigation  # noqa: PLC0415

        register_documents()
        navigation.register(
            "Reports",
            "Analytics",
            "analytics:dashboard",
            "analytics_view",
            "chart-line",
            position=10,
            summary="What was sold and given back, to whom, and how that compares with the days before.",
        )
        navigation.register(
            "Reports",
            "Month end",
            "analytics:months",
            "analytics_view",
            "calendar",
            position=80,
            summary="Close a month, and see what has been booked into it since.",
        )
        navigation.register(
            "Reports",
            "Questions",
            "analytics:questions",
            "exports_run",
            "search",
            position=85,
            summary="Tables of orders, lines, refunds and all else, filtered and grouped as you ask.",
        )
        navigation.register(
            "Reports",
            "Exports",
            "analytics:exports",
            "exports_run",
            "download",
            position=90,
            summary="Figures, orders, products and customers as CSV files.",
        )
