"""
Rows of the trail stand: the database refuses what the application would never do.

An unsealed row is sealed once, whole, and nothing else of it changes; it goes only when a
truncation ends its chain before it. A checkpoint changes only in the columns of its lease and a
truncation never; neither goes. On SQLite, REPLACE would delete without asking the triggers, so a
row that takes another one's place is refused too.
"""

from django.db import migrations

# What is said once. A migration that adds a column to one of these tables, or makes one anew on
# SQLite, makes its triggers anew.
FIXED = {
    "audit_row": (
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
        "personal",
        "personal_key_id",
        "changes",
    ),
    "audit_checkpoint": (
        "id",
        "chain",
        "number",
        "first",
        "last",
        "head_hash",
        "merkle_root",
        "previous",
        "signed_at",
        "kid",
        "signature",
    ),
    "audit_truncation": (),
}
SEAL = ("chain", "sequence", "previous_hash", "sealed_hash", "sealed_at")
PLACES = {
    "audit_row": (("id",), ("chain", "sequence")),
    "audit_checkpoint": (("id",), ("chain", "number"), ("chain", "last")),
    "audit_truncation": (("id",), ("chain", "through")),
}

POSTGRESQL_FUNCTIONS = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the trail stands: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- The table is named with its schema: a temporary one of that name would be found first.
CREATE FUNCTION audit_row_may_go() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_over boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %I.audit_truncation WHERE chain = $1 AND through >= $2)',
        TG_TABLE_SCHEMA
    ) INTO is_over USING OLD.chain, OLD.sequence;
    IF NOT is_over THEN
        RAISE EXCEPTION 'the trail stands: no truncation ends row % of chain %',
            OLD.sequence, OLD.chain USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END $$;
"""


def may_change(table, same):
    """The condition under which an UPDATE is what it may be; ``same`` compares a column."""
    kept = [same.format(f'OLD."{name}"', f'NEW."{name}"') for name in FIXED[table]]
    if table == "audit_row":
        kept = [
            'OLD."sealed_hash" IS NULL',
            *(f'NEW."{name}" IS NOT NULL' for name in SEAL),
            *kept,
        ]
    return " AND ".join(kept) or "1 = 0"


def on_postgresql():
    yield POSTGRESQL_FUNCTIONS
    for table in FIXED:
        refused = may_change(table, "{} IS NOT DISTINCT FROM {}")
        yield (
            f"CREATE TRIGGER {table}_stands BEFORE UPDATE ON {table} FOR EACH ROW"
            f" WHEN (NOT ({refused})) EXECUTE FUNCTION audit_refuse();"
        )
        goes = "audit_row_may_go" if table == "audit_row" else "audit_refuse"
        yield (
            f"CREATE TRIGGER {table}_stays BEFORE DELETE ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION {goes}();"
        )
        yield (
            f"CREATE TRIGGER {table}_is_not_emptied BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();"
        )


def on_sqlite():
    for table in FIXED:
        refused = may_change(table, "{} IS {}")
        others = taken(table) if table == "audit_row" else ""
        yield sqlite_trigger(table, "stands", "UPDATE", f"NOT ({refused}){others}")
        yield sqlite_trigger(table, "stays", "DELETE", OVER if table == "audit_row" else "1 = 1")
        same = " OR ".join(place_taken(table, place) for place in PLACES[table])
        yield sqlite_trigger(table, "is_not_replaced", "INSERT", same)


OVER = (
    "NOT EXISTS (SELECT 1 FROM audit_truncation WHERE"
    ' "chain" = OLD."chain" AND "through" >= OLD."sequence")'
)


def place_taken(table, place):
    same = " AND ".join(f'"{name}" = NEW."{name}"' for name in place)
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"


def taken(table):
    return f' OR {place_taken(table, ("chain", "sequence"))}'


def sqlite_trigger(table, name, act, when):
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {act} ON {table} FOR EACH ROW WHEN {when}"
        f" BEGIN SELECT RAISE(ABORT, 'the trail stands: {act} of {table} is refused'); END"
    )


def install(_apps, schema_editor):
    vendor = schema_editor.connection.vendor
    for statement in on_postgresql() if vendor == "postgresql" else on_sqlite():
        schema_editor.execute(statement, params=None)


def remove(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        # The triggers go with their functions.
        schema_editor.execute("DROP FUNCTION audit_refuse, audit_row_may_go CASCADE", params=None)
        return
    for table in FIXED:
        for name in ("stands", "stays", "is_not_replaced"):
            schema_editor.execute(f"DROP TRIGGER {table}_{name}", params=None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_given_up_rows")]

    operations = [migrations.RunPython(install, remove)]
