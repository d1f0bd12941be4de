"""What is sold: categories, products, their variants and photographs."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, StringAgg, Subquery, Value
from django.db.models.functions import Cast, JSONObject
from django.urls import reverse
from django.utils import timezone

from core.db import LockingQuerySet


class Category(models.Model):
    """A shelf of the shop; one level of parents."""

    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=80, unique=True)
    description = models.CharField(max_length=300, blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]
        verbose_name_plural = "categories"
        constraints = [models.CheckConstraint(condition=~Q(parent=F("id")), name="category_not_its_own_parent")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("products:category", args=[self.slug])


class ProductQuerySet(LockingQuerySet):
    """Products by who may see them."""

    def visible(self) -> "ProductQuerySet":
        """On sale now: active and past their time of publication."""
        return self.filter(status=Product.Status.ACTIVE, publish_at__lte=timezone.now())

    def listed(self) -> "ProductQuerySet":
        """Visible, with at least one variant that is on sale."""
        return self.visible().filter(Exists(Variant.objects.on_sale().filter(product=OuterRef("pk"))))

    def with_price(self) -> "ProductQuerySet":
        """Annotate `price_minor`: the lowest price of the variants on sale."""
        cheapest = Variant.objects.on_sale().filter(product=OuterRef("pk")).order_by("price_minor", "pk")
        return self.annotate(price_minor=Subquery(cheapest.values("price_minor")[:1]))

    def with_sold_out(self) -> "ProductQuerySet":
        """Annotate `sold_out`: whether no variant on sale has a unit left."""
        return self.annotate(sold_out=~Exists(Variant.objects.on_sale().available().filter(product=OuterRef("pk"))))

    def with_concern_text(self) -> "ProductQuerySet":
        """Annotate `concern_text`: the list of concerns as JSON text."""
        return self.annotate(concern_text=Cast("concerns", models.TextField()))

    def with_offer(self) -> "ProductQuerySet":
        """Annotate what a card shows: `price_minor`, `was_minor` of the cheapest variant, `top_minor`, `sold_out`.

        `photograph` holds the fields of the first one, with `widths` as JSON text, or None.
        """
        variants = Variant.objects.on_sale().filter(product=OuterRef("pk"))
        first = ProductImage.objects.filter(product=OuterRef("pk")).order_by("position", "pk")
        return (
            self.with_price()
            .with_sold_out()
            .annotate(
                was_minor=Subquery(variants.order_by("price_minor", "pk").values("compare_at_minor")[:1]),
                top_minor=Subquery(variants.order_by("-price_minor", "pk").values("price_minor")[:1]),
                photograph=Subquery(first.values(shown=ProductImage.shown())[:1]),
            )
        )


class Product(models.Model):
    """A thing with a page of its own; what is bought is one of its variants."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        ACTIVE = "active"
        ARCHIVED = "archived"

    class Concern(models.TextChoices):
        SENSITIVE = "sensitive", "Sensitive skin"
        DRY = "dry", "Dry skin"
        BARRIER = "barrier", "Barrier repair"

    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.PROTECT, related_name="products")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=120, unique=True)
    summary = models.CharField(max_length=200, blank=True, default="")
    description = models.TextField(blank=True, default="")
    audience = models.TextField("for whom", blank=True, default="")
    ingredients = models.TextField(blank=True, default="")
    how_to_use = models.TextField(blank=True, default="")
    concerns = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    publish_at = models.DateTimeField(default=timezone.now)
    seo_title = models.CharField(max_length=120, blank=True, default="")
    seo_description = models.CharField(max_length=320, blank=True, default="")
    search_name = models.CharField(max_length=400, blank=True, default="", editable=False)
    search_text = models.TextField(blank=True, default="", editable=False)
    units_30d = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="Units sold in the last 30 days, as the latest snapshot build counted them.",
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["-publish_at", "-id"]
        indexes = [
            models.Index(fields=["status", "-publish_at", "-id"], name="product_listing"),
            models.Index(fields=["category", "status", "-publish_at"], name="product_category_listing"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("products:detail", args=[self.slug])

    @property
    def is_visible(self) -> bool:
        """Whether a shopper may see and buy it now."""
        return self.status == self.Status.ACTIVE and self.publish_at <= timezone.now()


class VariantQuerySet(LockingQuerySet):
    """Variants by whether they can be bought."""

    def on_sale(self) -> "VariantQuerySet":
        """Active and priced in the currency of the shop; says nothing of the product or of stock."""
        return self.filter(is_active=True, currency=settings.STORE_CURRENCY)

    def available(self) -> "VariantQuerySet":
        """With at least one unit that can still be promised; always, where stock is not tracked."""
        free = Q(stock__on_hand__gt=F("stock__reserved") - F("stock__backorder_cap"))
        return self.filter(Q(stock__isnull=True) | Q(stock__tracked=False) | free)

    def with_photographs(self) -> "VariantQuerySet":
        """Annotate `photographs`: those of the product, each as JSON on its own line, in no order; None without any."""
        images = ProductImage.objects.filter(product=OuterRef("product")).order_by().values("product")
        lines = StringAgg(Cast(ProductImage.shown(), models.TextField()), Value("\n"))
        return self.annotate(photographs=Subquery(images.annotate(lines=lines).values("lines")))


class Variant(models.Model):
    """The sellable version of a product, known by its SKU. A plain product has exactly one."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="variants")
    sku = models.CharField("SKU", max_length=64, unique=True)
    name = models.CharField(max_length=120, blank=True, default="")
    option_values = models.JSONField(default=dict, blank=True)
    currency = models.CharField(max_length=3)
    price_minor = models.PositiveBigIntegerField()
    compare_at_minor = models.PositiveBigIntegerField(null=True, blank=True)
    cost_minor = models.PositiveBigIntegerField(null=True, blank=True)
    tax_class = models.CharField(max_length=20, default="standard")
    weight_g = models.PositiveIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = VariantQuerySet.as_manager()

    class Meta:
        ordering = ["product_id", "position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(compare_at_minor__isnull=True) | Q(compare_at_minor__gt=F("price_minor")),
                name="variant_was_price_above_price",
            ),
        ]

    def __str__(self) -> str:
        return self.sku

    @property
    def label(self) -> str:
        """The name of the variant as a shopper reads it; empty for a plain product."""
        return self.name or ", ".join(str(value) for value in self.option_values.values())


class ProductImage(models.Model):
    """A photograph of a product, stored in several widths as AVIF and WebP under one stem."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images")
    alt = models.CharField(max_length=200)
    position = models.PositiveSmallIntegerField(default=0)
    stem = models.CharField(max_length=160, help_text="Path below the media root, without width and suffix.")
    widths = models.JSONField(default=list)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    lqip = models.TextField(blank=True, default="", help_text="A 16-pixel WebP placeholder as a data: address.")

    class Meta:
        ordering = ["product_id", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["product", "position"], name="product_image_one_per_position")]

    def __str__(self) -> str:
        return self.alt

    @classmethod
    def shown(cls) -> JSONObject:
        """The fields that a page shows, as JSON; `widths` is text in it, for SQLite nests no list of a column."""
        names = ("alt", "position", "stem", "width", "height", "lqip")
        return JSONObject(widths=Cast("widths", models.TextField()), **{name: name for name in names})


class PriceChange(models.Model):
    """A price as it was and as it became; append-only."""

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="price_changes")
    at = models.DateTimeField(default=timezone.now)
    old_minor = models.PositiveBigIntegerField(null=True)
    new_minor = models.PositiveBigIntegerField()
    actor_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["variant", "-at"], name="price_change_latest")]

    def __str__(self) -> str:
        return f"{self.variant_id}: {self.old_minor} → {self.new_minor}"
