"""The exports that somebody asked for are found among all."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0008_drafts")]

    operations = [
        migrations.AddIndex(
            "trailexport", models.Index(fields=["requested_by"], name="trail_export_requested_by")
        )
    ]
