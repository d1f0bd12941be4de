"""What a month came to when somebody closed it."""

from django.db import models


class MonthClose(models.Model):
    """What a month came to in one currency when it was closed; append-only.

    `month` is its first day. `figures` hold a value for each id of `analytics.month_end.closing`, money in minor
    units. They include the sales ledger and the documents up to these keys: what was written later has a higher one.
    """

    month = models.DateField()
    currency = models.CharField(max_length=3)
    closed_at = models.DateTimeField()
    closed_by_id = models.BigIntegerField()
    figures = models.JSONField()
    ledger_to = models.BigIntegerField(default=0)
    documents_to = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["month", "currency"], name="month_close_once")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.currency}"
