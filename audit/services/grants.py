"""
Which rights the role of the application has in PostgreSQL, where it is not the owner.

Triggers keep rows of the trail from whoever writes by mistake or through the application. The
owner of the tables can take them away again; a role that owns nothing cannot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from audit.models import AuditRow, Checkpoint, CheckpointKey, Truncation
from resilience.leases import LeasedRow

# What is personal may be a draft, which sealing replaces.
_SEAL = ("chain", "sequence", "previous_hash", "sealed_hash", "sealed_at", "personal")
_SENDING = ("filed_at", *(str(field.column) for field in LeasedRow._meta.local_fields))
_KEY = ("sealed_private", "retired_at")

_FACTS = """
    SELECT role.rolsuper, owner.rolname, pg_has_role(role.oid, owner.oid, 'MEMBER'), space.nspname
      FROM pg_class AS made
      JOIN pg_roles AS owner ON owner.oid = made.relowner
      JOIN pg_namespace AS space ON space.oid = made.relnamespace
      LEFT JOIN pg_roles AS role ON role.rolname = %s
     WHERE made.oid = to_regclass('audit_row')
"""


class GrantError(ValueError):
    """The role cannot be given less than it has; the text says why."""


def statements(role: str) -> list[str]:
    """
    Return what gives ``role`` all that the application needs, and no more of the trail.

    Without a retention the role may not delete rows of the trail at all.

    :raises GrantError: there is no such role, or it may do as it likes
    """
    schema = _schema_for(role)
    names = {"role": sql.Identifier(role), "schema": sql.Identifier(schema)}
    with connection.cursor() as cursor:
        return [
            sql.SQL(each).format(**names, **_tables(schema), **_columns()).as_string(cursor.cursor)
            for each in _wording(may_end_rows=settings.AUDIT_RETENTION_DAYS > 0)
        ]


def grant(role: str) -> list[str]:
    """
    Give the rights, all or none, and return how.

    :raises GrantError: there is no such role, or it may do as it likes
    """
    wanted = statements(role)
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in wanted:
            cursor.execute(statement)
    return wanted


def _wording(*, may_end_rows: bool) -> Iterator[str]:
    yield "GRANT USAGE ON SCHEMA {schema} TO {role}"
    yield "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}"
    yield "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"
    yield "REVOKE ALL ON {row}, {checkpoint}, {cut}, {key}, {migrations} FROM {role}"
    yield "GRANT SELECT ON {row}, {checkpoint}, {cut}, {key}, {migrations} TO {role}"
    yield "GRANT INSERT, UPDATE ({seal}) ON {row} TO {role}"
    yield "GRANT INSERT, UPDATE ({sending}) ON {checkpoint} TO {role}"
    yield "GRANT INSERT, UPDATE ({sealed_key}) ON {key} TO {role}"
    if may_end_rows:
        yield "GRANT INSERT ON {cut} TO {role}"
        yield "GRANT DELETE ON {row} TO {role}"


def _tables(schema: str) -> dict[str, sql.Composable]:
    tables = {
        "row": AuditRow._meta.db_table,
        "checkpoint": Checkpoint._meta.db_table,
        "cut": Truncation._meta.db_table,
        "key": CheckpointKey._meta.db_table,
        "migrations": "django_migrations",
    }
    return {name: sql.Identifier(schema, table) for name, table in tables.items()}


def _columns() -> dict[str, sql.Composable]:
    return {"seal": _listed(_SEAL), "sending": _listed(_SENDING), "sealed_key": _listed(_KEY)}


def _listed(columns: Iterable[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _schema_for(role: str) -> str:
    if connection.vendor != "postgresql":
        raise GrantError("Only PostgreSQL has roles; SQLite belongs to whoever may write its file.")
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [role])
        is_super, owner, is_member, schema = cursor.fetchone()
    if is_super is None:
        raise GrantError(f"There is no role {role}: CREATE ROLE it first.")
    if is_super:
        raise GrantError(f"{role} is a superuser, whom no grant binds.")
    if is_member:
        raise GrantError(
            f"{role} is {owner}, who owns the tables, or a member of it, and could take back"
            " whatever it is refused. Let another role own and migrate them."
        )
    found: str = schema
    return found
