"""
What is personal in a row may change once: from a draft, in the very update that seals the row.

No row is sealed with a draft in it, so a worker of an older release leaves such rows to a newer one.
"""

from django.db import migrations

# As in 0004, apart from what is personal.
FIXED = (
    "id",
    "occurred_at",
    "action",
    "outcome",
    "reason",
    "actor_kind",
    "actor_id",
    "target_kind",
    "target_id",
    "organization_id",
    "session_id",
    "request_id",
    "personal_key_id",
    "changes",
)
SEAL = ("chain", "sequence", "previous_hash", "sealed_hash", "sealed_at")
HAS_DRAFT = {
    "postgresql": '({}."personal" ? \'draft\')',
    "sqlite": '(json_type({}."personal", \'$.draft\') IS NOT NULL)',
}
SAME = {
    "postgresql": 'OLD."{0}" IS NOT DISTINCT FROM NEW."{0}"',
    "sqlite": 'OLD."{0}" IS NEW."{0}"',
}


def sealed_only(vendor, *, drafts):
    """The condition under which an UPDATE is what it may be."""
    same = SAME[vendor]
    is_settled = same.format("personal")
    if drafts:
        had, has = HAS_DRAFT[vendor].format("OLD"), HAS_DRAFT[vendor].format("NEW")
        is_settled = f"NOT {has} AND ({had} OR {is_settled})"
    return " AND ".join(
        [
            'OLD."sealed_hash" IS NULL',
            *(f'NEW."{name}" IS NOT NULL' for name in SEAL),
            *(same.format(name) for name in FIXED),
            is_settled,
        ]
    )


def replace(schema_editor, *, drafts):
    vendor = schema_editor.connection.vendor
    allowed = sealed_only(vendor, drafts=drafts)
    if vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER audit_row_stands ON audit_row", params=None)
        schema_editor.execute(
            "CREATE TRIGGER audit_row_stands BEFORE UPDATE ON audit_row FOR EACH ROW"
            f" WHEN (NOT ({allowed})) EXECUTE FUNCTION audit_refuse();",
            params=None,
        )
        return
    schema_editor.execute("DROP TRIGGER audit_row_stands", params=None)
    schema_editor.execute(
        "CREATE TRIGGER audit_row_stands BEFORE UPDATE ON audit_row FOR EACH ROW"
        f" WHEN NOT ({allowed}) OR EXISTS (SELECT 1 FROM audit_row WHERE"
        ' "chain" = NEW."chain" AND "sequence" = NEW."sequence")'
        " BEGIN SELECT RAISE(ABORT, 'the trail stands: UPDATE of audit_row is refused'); END",
        params=None,
    )


def install(_apps, schema_editor):
    replace(schema_editor, drafts=True)


def remove(_apps, schema_editor):
    replace(schema_editor, drafts=False)


class Migration(migrations.Migration):
    dependencies = [("audit", "0007_scim_tokens_act")]

    operations = [migrations.RunPython(install, remove)]
