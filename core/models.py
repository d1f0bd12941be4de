"""Store settings, scheduled jobs, number series and days to build again: what every room may stand on."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from core.db import LockingQuerySet


class StoreSetting(models.Model):
    """The settings a merchant changes while the shop runs; one row, made by the first read."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    announcement = models.CharField(max_length=160, blank=True, default="Free UK delivery over £40 · 30-day returns")
    prices_include_tax = models.BooleanField(default=True, help_text="Prices shown in the shop contain the tax.")
    order_expiry_minutes = models.PositiveSmallIntegerField(
        default=45,
        validators=[MinValueValidator(40), MaxValueValidator(1440)],
        help_text="An unpaid order gives its stock back after this many minutes.",
    )
    ship_sla_hours = models.PositiveSmallIntegerField(default=48)
    low_stock_threshold = models.PositiveSmallIntegerField(default=5)
    seller_name = models.CharField(max_length=120, blank=True, default="")
    seller_address = models.TextField(blank=True, default="")
    vat_number = models.CharField("VAT number", max_length=32, blank=True, default="")
    refund_limit_minor = models.PositiveBigIntegerField(
        "refund limit of ops staff",
        default=20_000,
        help_text="What they may give back of one order on their own; more waits for approval.",
    )
    refund_second_person_minor = models.PositiveBigIntegerField(
        "second person from",
        null=True,
        blank=True,
        default=None,
        help_text="From this sum of one order on, refunds need a second person; empty: never.",
    )
    return_window_days = models.PositiveSmallIntegerField(
        default=30, help_text="A shopper may ask to return goods for this many days after they were sent."
    )
    support_email = models.EmailField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="store_setting_one_row"),
            models.CheckConstraint(
                condition=models.Q(order_expiry_minutes__gte=40, order_expiry_minutes__lte=1440),
                name="store_setting_expiry_within_session_limits",
            ),
        ]

    def __str__(self) -> str:
        return "Store settings"

    @classmethod
    def current(cls) -> "StoreSetting":
        """Return the settings in force; defaults stand in, unsaved, while nobody has changed any."""
        return cls.objects.filter(pk=1).first() or cls()


class NumberSeries(models.Model):
    """A named run of numbers without gaps; the row is locked by the transaction that takes the next one."""

    name = models.CharField(max_length=40, primary_key=True)
    last = models.PositiveBigIntegerField(default=0)

    objects = LockingQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "number series"

    def __str__(self) -> str:
        return f"{self.name}: {self.last}"


class JobRun(models.Model):
    """One slot of a scheduled job; the worker that inserts the row owns the run."""

    class State(models.TextChoices):
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    job = models.CharField(max_length=60)
    slot_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "slot_at"], name="job_run_one_per_slot")]
        indexes = [models.Index(fields=["job", "-started_at"], name="job_run_latest")]

    def __str__(self) -> str:
        return f"{self.job} at {self.slot_at:%Y-%m-%d %H:%M:%S}"


class DirtyDay(models.Model):
    """A day whose snapshot no longer holds all its facts; insert-only, taken away by the build that includes it.

    `source_type` and `source_id` name the fact, a row of any room: `core.dirty.mark` writes it.
    """

    source_type = models.CharField(max_length=20)
    source_id = models.BigIntegerField()
    day = models.DateField()

    class Meta:
        indexes = [
            models.Index(fields=["day"], name="dirty_day_day"),
            models.Index(fields=["source_type", "source_id"], name="dirty_day_source"),
        ]

    def __str__(self) -> str:
        return f"{self.day} ({self.source_type} {self.source_id})"


class BooksZone(models.Model):
    """The time zone in which the stored business days were worked out; one row, made once there are any.

    It is not settled while `rebase_business_days` works them out anew: some days may be of either zone then.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=64)
    since = models.DateTimeField(default=timezone.now)
    is_settled = models.BooleanField(default=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="books_zone_one_row")]

    def __str__(self) -> str:
        return self.name


class CacheEntry(models.Model):
    """A row of Django's database cache, which every process of the shop shares: above all, attempts to sign in.

    Read and written by `django.core.cache.backends.db` alone, whose columns these are.
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "cache entries"

    def __str__(self) -> str:
        return self.cache_key
