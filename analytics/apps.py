from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def ready(self) -> None:
        """Declare the jobs, the files, the documents that are made from the registry, and the places in the console."""
        from analytics import jobs  # noqa: F401, PLC0415  declares the jobs of this room
        from analytics.documents import register_documents  # noqa: PLC0415
        from analytics.exports import declared  # noqa: F401, PLC0415  declares files, and their jobs
        from analytics.places import register_places  # noqa: PLC0415

        register_documents()
        register_places()
