"""What payments, disputes and Stripe's books come to, by day and currency; built again like the facts of sales."""

from django.db import models


class FactPaymentDay(models.Model):
    """Payments of a business day in one currency; a day without any has no row.

    `intents` had their first confirmation on that day, `intents_succeeded` of them have succeeded by the time of the
    build. `attempts` were made on that day. `charges` are payments that took money on it, imported ones too, and
    `disputes` those opened on it, without inquiries.
    """

    day = models.DateField()
    currency = models.CharField(max_length=3)
    intents = models.IntegerField(default=0)
    intents_succeeded = models.IntegerField(default=0)
    attempts = models.IntegerField(default=0)
    attempts_succeeded = models.IntegerField(default=0)
    charges = models.IntegerField(default=0)
    disputes = models.IntegerField(default=0)

    class Meta:
        db_table = "fact_payment_day"
        constraints = [
            models.UniqueConstraint(fields=["day", "currency"], name="fact_payment_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency}"


class FactStripeDay(models.Model):
    """Movements of the Stripe balance on a business day in one settlement currency; a day without any has no row.

    `disputed_minor` is positive for money withdrawn. `payouts_minor` is dated by the day a payout arrives, paid less
    failed; everything else by the day Stripe booked it.
    """

    day = models.DateField()
    currency = models.CharField(max_length=3)
    disputed_minor = models.BigIntegerField(default=0)
    fees_minor = models.BigIntegerField(default=0)
    net_minor = models.BigIntegerField(default=0)
    payouts_minor = models.BigIntegerField(default=0)

    class Meta:
        db_table = "fact_stripe_day"
        constraints = [
            models.UniqueConstraint(fields=["day", "currency"], name="fact_stripe_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency}"
