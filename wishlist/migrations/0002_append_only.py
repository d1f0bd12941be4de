"""Make the record of wishes refuse to be rewritten."""

from django.db import migrations

from core.db import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("wishlist", "0001_initial")]

    operations = [AppendOnly("WishEvent")]
