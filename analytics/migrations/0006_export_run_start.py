from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0005_build_every_day_again"),
    ]

    operations = [
        migrations.AddField(
            model_name="exportrun",
            name="started_at",
            field=models.DateTimeField(blank=True, help_text="When the latest attempt began.", null=True),
        ),
    ]
