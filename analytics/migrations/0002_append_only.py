"""Make closed months refuse to be rewritten."""

from django.db import migrations

from core.db import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_initial")]

    operations = [AppendOnly("MonthClose")]
