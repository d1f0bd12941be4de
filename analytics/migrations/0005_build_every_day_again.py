"""Mark every day that was built, so that the next build fills the tables that came with this release.

Days of customers begin anew: they lack their net sales, and the cells of cohorts, which follow them, are empty.
"""

from django.db import migrations

EMPTY = "DELETE FROM customer_day"
MARK = "INSERT INTO core_dirtyday (source_type, source_id, day) SELECT 'upgrade', 0, day FROM day_state"
FORGET = "DELETE FROM core_dirtyday WHERE source_type = 'upgrade'"


class Migration(migrations.Migration):
    dependencies = [("analytics", "0004_facts_by_customer"), ("core", "0001_initial")]

    operations = [migrations.RunSQL([EMPTY, MARK], FORGET)]
