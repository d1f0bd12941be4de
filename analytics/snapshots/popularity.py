"""What the shop shows of the figures: how many units of each product were sold lately."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Sum

from analytics.models import FactProductDay
from core.days import today
from products.models import Product

DAYS = 30


def write_units_sold() -> int:
    """Write the units sold in the last 30 days into the products where they changed; return how many did.

    In a short transaction of its own, so that a long build never holds up somebody who edits a product.
    """
    since = today() - timedelta(days=DAYS - 1)
    sums = FactProductDay.objects.filter(day__gte=since).values_list("product").annotate(Sum("units"))
    sold = {product: max(units, 0) for product, units in sums.order_by()}
    shown = dict(Product.objects.filter(units_30d__gt=0).values_list("pk", "units_30d"))
    changed = [key for key in sorted(sold.keys() | shown.keys()) if sold.get(key, 0) != shown.get(key, 0)]
    with transaction.atomic():
        for product in Product.objects.lock().filter(pk__in=changed).only("pk"):
            Product.objects.filter(pk=product.pk).update(units_30d=sold.get(product.pk, 0))
    return len(changed)
