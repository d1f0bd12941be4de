from django.db import migrations
from django.db.models import OuterRef, Subquery

BATCH = 5_000


def take_the_currency_of_the_order(apps, schema_editor):
    """Fill in the currency of bags with an order; one that was closed without a sale has lost its order to another."""
    carts = apps.get_model("orders", "Cart").objects
    orders = apps.get_model("orders", "Order").objects
    currency = Subquery(orders.filter(pk=OuterRef("order_id")).values("currency")[:1])
    last = 0
    while keys := list(
        carts.filter(pk__gt=last, order__isnull=False).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        batch = carts.filter(pk__in=keys)
        batch.filter(closed_at__isnull=False, order__paid_at=None).update(order=None)
        batch.filter(order__isnull=False).update(currency=currency)
        last = keys[-1]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0005_the_funnel_reads_bags_alone")]

    operations = [migrations.RunPython(take_the_currency_of_the_order, migrations.RunPython.noop)]
