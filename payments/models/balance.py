"""Stripe's own books: every movement of the balance, and the payouts to the bank that they add up to."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.db import LockingQuerySet


class BalanceTransaction(models.Model):
    """A movement of the Stripe balance; append-only. Amounts are minor units of the settlement currency, signed.

    `day` is the business day of `at`; `source_id` names a charge, refund, dispute or payout at Stripe.
    """

    stripe_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=60)
    reporting_category = models.CharField(max_length=60)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField(default=0)
    net_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()
    day = models.DateField()
    available_on = models.DateTimeField(null=True, blank=True)
    exchange_rate = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)
    source_id = models.CharField(max_length=255, blank=True, default="")
    is_imported = models.BooleanField(default=False)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(net_minor=F("amount_minor") - F("fee_minor")), name="balance_transaction_net_is_rest"
            )
        ]
        indexes = [
            models.Index(fields=["day", "currency"], name="balance_transaction_day"),
            models.Index(fields=["source_id"], name="balance_transaction_source"),
            models.Index(fields=["-at", "-id"], name="balance_transaction_newest"),
        ]

    def __str__(self) -> str:
        return self.stripe_id


class Payout(models.Model):
    """Money on its way from the Stripe balance to the bank, or back if it failed. `status` is Stripe's own word."""

    stripe_id = models.CharField(max_length=255, unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=30)
    is_automatic = models.BooleanField(default=True)
    arrives_on = models.DateField()
    created_at = models.DateTimeField()
    failure_code = models.CharField(max_length=60, blank=True, default="")
    is_imported = models.BooleanField(default=False)
    items_complete = models.BooleanField(default=False, help_text="Stripe has listed all that it is made of.")
    synced_at = models.DateTimeField(default=timezone.now)

    objects = LockingQuerySet.as_manager()

    class Meta:
        ordering = ["-arrives_on", "-id"]
        indexes = [models.Index(fields=["arrives_on", "currency"], name="payout_arrives")]

    def __str__(self) -> str:
        return self.stripe_id


class PayoutItem(models.Model):
    """A balance transaction as part of the payout that carries it; one is part of one payout at most."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="items")
    balance_transaction = models.OneToOneField(BalanceTransaction, on_delete=models.PROTECT, related_name="payout_item")

    def __str__(self) -> str:
        return f"{self.balance_transaction_id} of payout {self.payout_id}"
