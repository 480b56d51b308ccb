"""
Indexes for what was looked for from end to end: letters and names by their beginning, invitations.

Those over ``upper`` are of PostgreSQL alone, whose planner takes them for ``iexact`` and
``istartswith``; they are no part of the models, because SQLite has no such class of operators.
"""

from django.db import migrations, models

BEGINNINGS = {
    "mail_recipient_upper": ("accounts_outbound_mail", "recipient"),
    "user_name_upper": ("accounts_user", "name"),
}


def add(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name, (table, column) in BEGINNINGS.items():
            schema_editor.execute(
                f"CREATE INDEX {name} ON {table} (upper({column}) text_pattern_ops)", params=None
            )


def remove(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in BEGINNINGS:
            schema_editor.execute(f"DROP INDEX {name}", params=None)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0014_single_sign_on")]

    operations = [
        migrations.AddIndex(
            "invitation", models.Index(fields=["email_key"], name="invitation_email_key")
        ),
        migrations.AddIndex(
            "invitation",
            models.Index(
                fields=["ended_at"],
                condition=models.Q(("ended_at__isnull", False)),
                name="invitation_ended_at",
            ),
        ),
        migrations.RunPython(add, remove),
    ]
