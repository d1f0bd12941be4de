from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RbacConfig(AppConfig):
    name = "rbac"

    def ready(self) -> None:
        """Keep groups and permissions equal to the matrix; offer the room's pages and its generated document."""
        from core import contracts, navigation  # noqa: PLC0415  models are loaded only now
        from rbac.document import PATH, render_matrix  # noqa: PLC0415
        from rbac.permissions import write_permissions  # noqa: PLC0415

        post_migrate.connect(write_permissions, sender=self, dispatch_uid="rbac.write_permissions")
        contracts.register(PATH, render_matrix)
        navigation.register(
            "Settings",
            "People and roles",
            "rbac:people",
            "people_manage",
            "users",
            summary="Who works here, and what each role may do.",
        )
