"""Make the tables that are records refuse to be rewritten."""

from django.db import migrations

from core.db import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [AppendOnly("PaymentAttempt"), AppendOnly("BalanceTransaction")]
