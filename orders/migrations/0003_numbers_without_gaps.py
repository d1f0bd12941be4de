"""Make the table of invoices and credit notes refuse a gap in its numbers."""

from django.db import migrations

from core.db import NumberedWithoutGaps


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_append_only")]

    operations = [NumberedWithoutGaps("Invoice", per="kind")]
