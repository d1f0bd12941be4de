"""What the sales ledger comes to, by day and currency; figures are read from these.

None is a source of truth: all of them can be built again from the rows they count.
"""

from django.db import models
from django.db.models import F, Q

from accounts.models import Customer
from orders.models import Order
from products.models import Product


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
    many entries of the ledger those are. Keys of facts have no index of their own and are not checked by the database:
    a build writes them by the million, from rows in which they have been checked.
    """

    day = models.DateField()
    currency = models.CharField(max_length=3)
    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
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
    """What a customer did on a business day in one currency: orders bought, and net sales, refunds of earlier ones too.

    A day without either has no row.
    """

    day = models.DateField()
    currency = models.CharField(max_length=3)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    orders = models.PositiveIntegerField(default=0)
    net_minor = models.BigIntegerField(default=0)

    class Meta:
        db_table = "customer_day"
        constraints = [
            models.UniqueConstraint(fields=["day", "currency", "customer"], name="customer_day_once"),
        ]
        indexes = [models.Index(fields=["customer"], name="customer_day_customer")]  # what one of them did, ever

    def __str__(self) -> str:
        return f"{self.day} {self.currency} customer {self.customer_id}"


class CustomerFirst(models.Model):
    """The business day of a customer's first sale in a currency; over all currencies it is the earliest of them."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
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
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    cash_minor = models.BigIntegerField()

    class Meta:
        db_table = "order_refund_day"
        constraints = [
            models.UniqueConstraint(fields=["day", "currency", "order"], name="order_refund_day_once"),
            models.CheckConstraint(condition=~Q(cash_minor=0), name="order_refund_day_moves_something"),
        ]

    def __str__(self) -> str:
        return f"{self.day} order {self.order_id}"


class FactSegmentDay(models.Model):
    """The sums of a business day in one currency for one kind of order; a refund counts with its order's kind.

    `segment` is what orders are told apart by, `key` the kind: a country code, a discount code, `new` (sold on the
    customer's first day in this currency) or `existing`; empty where an order has none.
    """

    class Segment(models.TextChoices):
        COUNTRY = "country"
        DISCOUNT_CODE = "code"
        CUSTOMER = "customer"

    day = models.DateField()
    currency = models.CharField(max_length=3)
    segment = models.CharField(max_length=8, choices=Segment)
    key = models.CharField(max_length=40, blank=True, default="")
    gross_minor = models.BigIntegerField(default=0)
    discount_minor = models.BigIntegerField(default=0)
    returns_minor = models.BigIntegerField(default=0)
    net_minor = models.BigIntegerField(default=0)
    orders = models.IntegerField(default=0)
    units = models.IntegerField(default=0)

    class Meta:
        db_table = "fact_segment_day"
        constraints = [
            models.UniqueConstraint(fields=["segment", "day", "currency", "key"], name="fact_segment_day_once"),
            models.CheckConstraint(
                condition=Q(net_minor=F("gross_minor") - F("discount_minor") - F("returns_minor")),
                name="fact_segment_day_net_is_sum",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency} {self.segment} {self.key}"


class CohortCell(models.Model):
    """What the customers whose first sale in a currency fell into one month did in a later one; both by first day.

    `customers` bought in `month`, `net_minor` is their net sales in it. A month in which nobody of a cohort did
    anything has no row. `currency` is empty for sales of every currency, where there is no money to add.
    """

    currency = models.CharField(max_length=3, blank=True)
    cohort = models.DateField()
    month = models.DateField()
    customers = models.IntegerField(default=0)
    net_minor = models.BigIntegerField(default=0)

    class Meta:
        db_table = "cohort_cell"
        constraints = [
            models.UniqueConstraint(fields=["currency", "cohort", "month"], name="cohort_cell_once"),
            models.CheckConstraint(condition=Q(month__gte=F("cohort")), name="cohort_cell_after_first_sale"),
        ]

    def __str__(self) -> str:
        return f"{self.cohort:%Y-%m} in {self.month:%Y-%m} {self.currency}"
