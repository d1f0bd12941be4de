"""The lists of stock and of the catalogue as staff narrow them."""

from django.db.models import Case, Count, F, Min, Q, QuerySet, Value, When

from products.models import Product, StockItem

SHOWN = {"": "All", "low": "Low or sold out", "out": "Sold out", "untracked": "Not counted"}
LEFT = F("on_hand") + F("backorder_cap") - F("reserved")


def stock_items(*, q: str = "", show: str = "", low_at: int) -> QuerySet[StockItem]:
    """Return stock items with `left` (units that can still be promised), what runs out first at the top.

    What is archived or no longer sold comes last: nobody has to order it again.
    """
    items = StockItem.objects.select_related("variant__product").annotate(left=LEFT)
    if q:
        items = items.filter(Q(variant__sku__icontains=q) | Q(variant__product__name__icontains=q))
    conditions = {
        "low": low_stock(low_at),
        "out": Q(tracked=True, left__lte=0),
        "untracked": Q(tracked=False),
    }
    urgency = Case(
        When(Q(tracked=False) | ~Q(variant__product__status=Product.Status.ACTIVE), then=Value(2)),
        When(left__lte=low_at, then=Value(0)),
        default=Value(1),
    )
    return items.filter(conditions.get(show, Q())).order_by(urgency, "left", "variant__sku")


def low_stock(low_at: int) -> Q:
    """Return the condition of counted items on sale with at most so many units left (`left` must be annotated)."""
    return Q(tracked=True, left__lte=low_at, variant__is_active=True, variant__product__status=Product.Status.ACTIVE)


def low_count(low_at: int) -> int:
    """Return how many items are low or sold out."""
    return StockItem.objects.annotate(left=LEFT).filter(low_stock(low_at)).count()


def catalogue(*, q: str = "", status: str = "") -> QuerySet[Product]:
    """Return products with the number of their variants and the lowest price, by name."""
    products = Product.objects.select_related("category").annotate(
        variant_count=Count("variants"), from_minor=Min("variants__price_minor")
    )
    if q:
        products = products.filter(Q(name__icontains=q) | Q(variants__sku__iexact=q))
    if status:
        products = products.filter(status=status)
    return products.order_by("name", "pk")
