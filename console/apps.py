from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "console"

    def ready(self) -> None:
        """Offer the room's pages in the sidebar."""
        from core import navigation  # noqa: PLC0415  models are loaded only now

        navigation.register(
            "Overview",
            "Overview",
            "console:home",
            "console",
            "layout-dashboard",
            position=0,
            summary="What needs somebody now, and today at a glance.",
        )
        navigation.register(
            "Settings",
            "Store settings",
            "console:settings",
            "settings_manage",
            "settings",
            position=0,
            summary="Texts, tax, delivery promise and limits of the shop.",
        )
        navigation.register(
            "Settings",
            "Audit record",
            "console:audit",
            "audit_view",
            "fingerprint",
            summary="Who did what, and what was refused.",
        )
