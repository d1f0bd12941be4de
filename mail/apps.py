from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "mail"

    def ready(self) -> None:
        from core import navigation  # noqa: PLC0415  models are loaded only now
        from mail import jobs  # noqa: F401, PLC0415  registers its jobs

        navigation.register(
            "Operations", "Sent mail", "mail:list", "mail_view", "mail", summary="See what was sent, and send it again."
        )
