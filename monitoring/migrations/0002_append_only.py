"""Make the history of issues refuse to be rewritten."""

from django.db import migrations

from core.db import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0001_initial")]

    operations = [AppendOnly("IssueEvent")]
