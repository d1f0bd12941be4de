"""The anchor of the permissions: they belong to the console as a whole, not to a table."""

from django.db import models


class Console(models.Model):
    """No rows and no table; Django hangs the permissions of the matrix on its content type."""

    class Meta:
        managed = False
        default_permissions = ()

    def __str__(self) -> str:
        return "console"
