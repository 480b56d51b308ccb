"""Descriptions are found by an address, whichever organization's they are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sso", "0001_initial")]

    operations = [
        migrations.AddIndex(
            "scimuser", models.Index(fields=["email_key"], name="scim_user_of_address")
        ),
        migrations.AddIndex(
            "scimuser", models.Index(fields=["user_name_key"], name="scim_user_of_name")
        ),
    ]
