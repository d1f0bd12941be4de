"""What the sales ledger comes to, by day: facts that the snapshot build writes and every figure is read from.

None of these is a source of truth: all of them can be built again from the ledger. A day that was built has a row in
`day_state`, and a row of zeros in `fact_day` where nothing was sold. What a month came to when somebody closed it is
kept beside them, and is never written again.
"""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Customer
from orders.models import Order
from products.models import Product


class BuildQuerySet(models.QuerySet):
    """Builds by how they ended."""

    def succeeded(self) -> "BuildQuerySet":
        """Those whose figures stand, the latest first."""
        return self.filter(state=Build.State.SUCCEEDED).order_by("-id")


class Build(models.Model):
    """One run of the snapshot build; at most one is running, and it holds the lease.

    `data_to` is the moment up to which its figures hold; a later run that found nothing to do moves it on.
    """

    class State(models.TextChoices):
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    scope = models.CharField(max_length=40, help_text="changes, full, days 30 or day 2026-06-01")
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    data_to = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField()
    days = models.PositiveIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True, default="")

    objects = BuildQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="running"), name="build_one_at_a_time"),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(finished_at__isnull=False, data_to__isnull=False),
                name="build_succeeded_has_times",
            ),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="build_latest")]

    def __str__(self) -> str:
        return f"build {self.pk} ({self.scope})"


class FactDay(models.Model):
    """The sums of a business day in one currency; minor units ex tax, but for `total` and `refunds_cash`.

    `new_customers` are those whose first sale in this currency was on that day. `cohort_refunded_orders` are orders
    sold on that day whose refunds, less failed ones, came to more than nothing by the time of the build.
    """

    day = models.DateField()
    currency = models.CharField(max_length=3)
    gross_minor = models.BigIntegerField(default=0)
    discount_minor = models.BigIntegerField(default=0)
    returns_minor = models.BigIntegerField(default=0)
    net_minor = models.BigIntegerField(default=0)
    shipping_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField(default=0)
    refunds_cash_minor = models.BigIntegerField(default=0)
    orders = models.IntegerField(default=0)
    units = models.IntegerField(default=0)
    net_units = models.IntegerField(default=0)
    new_customers = models.IntegerField(default=0)
    cohort_refunded_orders = models.IntegerField(default=0)

    class Meta:
        db_table = "fact_day"
        constraints = [
            models.UniqueConstraint(fields=["day", "currency"], name="fact_day_once"),
            models.CheckConstraint(
                condition=Q(net_minor=F("gross_minor") - F("discount_minor") - F("returns_minor")),
                name="fact_day_net_is_sum",
            ),
            models.CheckConstraint(
                condition=Q(total_minor=F("net_minor") + F("shipping_minor") + F("tax_minor")),
                name="fact_day_total_is_sum",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency}"


class FactProductDay(models.Model):
    """The sums of a product on a business day in one currency; a day without any has no row.

    `costed_net_minor` and `cost_minor` are net sales and cost of the lines whose cost is known, `costed_entries` how
    many entries of the ledger those are. Keys of facts have no index of their own, for a build writes them by the many.
    """

    day = models.DateField()
    currency = models.CharField(max_length=3)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+", db_index=False)
    gross_minor = models.BigIntegerField(default=0)
    discount_minor = models.BigIntegerField(default=0)
    returns_minor = models.BigIntegerField(default=0)
    net_minor = models.BigIntegerField(default=0)
    units = models.IntegerField(default=0)
    net_units = models.IntegerField(default=0)
    costed_net_minor = models.BigIntegerField(default=0)
    cost_minor = models.BigIntegerField(default=0)
    costed_entries = models.IntegerField(default=0)

    class Meta:
        db_table = "fact_product_day"
        constraints = [
            models.UniqueConstraint(fields=["day", "currency", "product"], name="fact_product_day_once"),
            models.CheckConstraint(
                condition=Q(net_minor=F("gross_minor") - F("discount_minor") - F("returns_minor")),
                name="fact_product_day_net_is_sum",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency} product {self.product_id}"


class CustomerDay(models.Model):
    """How many orders a customer bought on a business day in one currency; a day without any has no row."""

    day = models.DateField()
    currency = models.CharField(max_length=3)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_index=False)
    orders = models.PositiveIntegerField()

    class Meta:
        db_table = "customer_day"
        constraints = [
            models.UniqueConstraint(fields=["day", "currency", "customer"], name="customer_day_once"),
            models.CheckConstraint(condition=Q(orders__gte=1), name="customer_day_has_an_order"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency} customer {self.customer_id}"


class CustomerFirst(models.Model):
    """The business day of a customer's first sale in a currency; over all currencies it is the earliest of them."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    day = models.DateField()

    class Meta:
        db_table = "customer_first"
        constraints = [models.UniqueConstraint(fields=["customer", "currency"], name="customer_first_once")]
        indexes = [models.Index(fields=["currency", "day"], name="customer_first_day")]

    def __str__(self) -> str:
        return f"customer {self.customer_id} {self.currency} {self.day}"


class OrderRefundDay(models.Model):
    """The cash that refunds of an order came to on a business day, less those that failed; never zero."""

    day = models.DateField()
    currency = models.CharField(max_length=3)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+", db_index=False)
    cash_minor = models.BigIntegerField()

    class Meta:
        db_table = "order_refund_day"
        constraints = [
            models.UniqueConstraint(fields=["day", "currency", "order"], name="order_refund_day_once"),
            models.CheckConstraint(condition=~Q(cash_minor=0), name="order_refund_day_moves_something"),
        ]

    def __str__(self) -> str:
        return f"{self.day} order {self.order_id}"


class DayState(models.Model):
    """A day that was built. `revision` rises when a day that was over when it was built comes to other figures."""

    day = models.DateField(primary_key=True)
    built_at = models.DateTimeField()
    build = models.ForeignKey(Build, on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "day_state"

    def __str__(self) -> str:
        return f"{self.day}, revision {self.revision}"


class FactDayHistory(models.Model):
    """What a closed day came to before it was restated, and why: the figures of `fact_day` as they stood."""

    day = models.DateField()
    currency = models.CharField(max_length=3)
    revision = models.PositiveIntegerField()
    facts = models.JSONField()
    replaced_at = models.DateTimeField()
    build = models.ForeignKey(Build, on_delete=models.PROTECT, related_name="+")
    cause = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "fact_day_history"
        constraints = [
            models.UniqueConstraint(fields=["day", "currency", "revision"], name="fact_day_history_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency}, revision {self.revision}"


class MonthClose(models.Model):
    """What a month came to in one currency when it was closed; append-only.

    `month` is its first day. `figures` hold a value for each id of `analytics.closing`, money in minor units. They
    include the sales ledger and the documents up to these keys: what was written later has a higher one.
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
