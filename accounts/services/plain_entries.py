"""
A sign-in at which nothing is to be asked, in one statement of PostgreSQL.

What opens a session for an ordinary person is a conditional update and two inserts. Together with
what is forgiven of the counters they are one statement, which does everything or nothing; so no
round trip is made while a transaction is open, and a row is held for no longer than a commit
takes. It never refuses anybody: where it did nothing, ``sessions`` goes the way that decides.

Why nothing is missed. Whoever changes what a sign-in depends on holds the person's row meanwhile,
and a row that is held is not waited for: the general way waits, and reads what was committed. Who
was done between the moment as of which the statement reads and that at which it held the row has
moved a column, and of a row that moved PostgreSQL looks at the columns again: a change of the
password, of the address or of a factor, switching off, and an erasure all write ``version``. What
an organization wants of its domains ends no session, so it is read as of that moment.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import Session
from accounts.services.attempts import Tries
from audit.services.record import Entry, get_audit_service
from plinto.kernel import prepared
from plinto.kernel.rows import insertion
from resilience.counters import forgiving

_ENTERED = """
WITH ready AS (
    SELECT id FROM accounts_user AS person
    WHERE id = %s AND version = %s AND password = %s AND is_active AND erase_at IS NULL
    AND (%s OR (last_login IS NULL
        AND NOT EXISTS (SELECT FROM accounts_session WHERE user_id = person.id)))
    AND NOT EXISTS (SELECT FROM accounts_authenticator_app
        WHERE user_id = person.id AND confirmed_at IS NOT NULL)
    AND NOT EXISTS (SELECT FROM accounts_passkey WHERE user_id = person.id)
    AND NOT EXISTS (SELECT FROM accounts_organization_domain AS domain
        JOIN accounts_organization AS organization ON organization.id = domain.organization_id
        WHERE domain.name = %s AND domain.verified_at IS NOT NULL
        AND organization.sso_required_from <= %s)
    FOR NO KEY UPDATE SKIP LOCKED
), entered AS (
    UPDATE accounts_user AS person SET last_login = %s FROM ready WHERE person.id = ready.id
    RETURNING person.id
), {forgiven}, opened AS ({session})
{trail}
"""


def is_taken(
    session: Session,
    entry: Entry,
    *,
    tries: Tries,
    knows_device: bool,
    now: datetime,
) -> bool:
    """
    Write a session with the row of the trail that tells of it, if nothing else is to be done.

    False when nothing was written: the person is held, was changed since they were read, has a
    second factor, is about to be erased, is to hear of a new device, or has to come by the
    connection of an organization; or the database is another.
    """
    if connection.vendor != "postgresql":
        return False
    forgiven, buckets = forgiving(cleared=[tries.account], refunded=[tries.source], given="entered")
    opened, session_columns = insertion(session, given="entered")
    trail, trail_columns = insertion(get_audit_service().row(entry), given="entered")
    statement = _ENTERED.format(forgiven=forgiven, session=opened, trail=trail)
    user = session.user
    domain = user.email_key.rpartition("@")[2]
    person: list[Any] = [user.pk, user.version, user.password, knows_device, domain, now, now]
    with prepared.cursor() as cursor:
        cursor.execute(statement, [*person, *buckets, *session_columns, *trail_columns])
        return bool(cursor.rowcount)
