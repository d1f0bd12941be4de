from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        from audit import fitness  # noqa: F401, PLC0415  declares what production needs
        from audit.recording import record_act  # noqa: PLC0415  models are loaded only now
        from core.acts import record_acts_with  # noqa: PLC0415

        record_acts_with(record_act)
