"""What an import brought in, so that importing it again changes nothing."""

from django.db import models


class ImportedRecord(models.Model):
    """One line of a history file: its reference within source and type, its content's digest, and the row it made."""

    source = models.CharField(max_length=60)
    type = models.CharField(max_length=20)
    ref = models.CharField(max_length=120, help_text="The content's digest for types without a reference.")
    digest = models.CharField(max_length=64)
    object_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "type", "ref"], name="imported_record_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.type} {self.ref}"
