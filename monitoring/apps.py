from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "monitoring"

    def ready(self) -> None:
        """Declare the checks and the job, offer the pages and the generated document."""
        from core import contracts, navigation  # noqa: PLC0415  models are loaded only now
        from monitoring import (  # noqa: F401, PLC0415  each registers what it declares
            checks_config,
            checks_disputes,
            checks_hooks,
            checks_invoices,
            checks_operations,
            checks_orders,
            checks_payments,
            checks_refund_gaps,
            checks_refunds,
            checks_snapshots,
            checks_stock,
            checks_stripe,
            checks_surplus,
            dashboard_issues,
            datasets,
            drill_through,
            jobs,
            month_end,
        )
        from monitoring.document import PATH, render_checks  # noqa: PLC0415
        from monitoring.models import Issue  # noqa: PLC0415

        checks_config.declare()
        contracts.register(PATH, render_checks)
        navigation.register(
            "Operations",
            "Monitoring",
            "monitoring:dashboard",
            "issues_view",
            "activity",
            position=10,
            summary="See whether the books agree, and run the checks.",
        )
        navigation.register(
            "Operations",
            "Issues",
            "monitoring:issues",
            "issues_view",
            "triangle-alert",
            position=11,
            summary="Work through what the checks found.",
            waiting=Issue.objects.open,
        )
