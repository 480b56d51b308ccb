"""Who wants in with an address: the account behind it, if any, and what their tries count in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from accounts.rules import addresses
from accounts.services import attempts, known_devices, mailboxes, sessions
from accounts.services.attempts import Bucket, Tries
from audit.parties import Target
from plinto.kernel import rows
from plinto.kernel.origin import Origin
from resilience.postgres.repeatable import repeatable

# A network somebody signed in from this lately is theirs, as far as lockout is concerned.
FAMILIAR_FOR = timedelta(days=90)
_PERSON = tuple(User._meta.concrete_fields)
_FOUND = """
SELECT {shown},
    EXISTS (SELECT 1 FROM accounts_session WHERE user_id = accounts_user.id AND network = %s
        AND created_at > %s) AS is_familiar,
    EXISTS (SELECT 1 FROM accounts_session WHERE user_id = accounts_user.id AND network = %s
        AND agent = %s AND last_seen_at > %s) AS knows_device
FROM accounts_user WHERE email_key = %s
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    An address somebody wants in with, the account behind it if any, and its counters.

    ``knows_device`` when the person was seen with this very agent at this network lately.
    """

    key: str
    user: User | None
    tries: Tries
    knows_device: bool

    @property
    def target(self) -> Target:
        """
        Whom a refusal is about.

        Of an address that is nobody's a digest is kept, since people type passwords into this
        field too. What else would be told of a person is sealed under the key of one who is made
        up on the spot, and lost with them: so the row of a stranger costs what any other does.
        """
        if self.user is not None:
            return sessions.target_of(self.user)
        nobody = User(email=self.key)
        return replace(sessions.target_of(nobody), id=mailboxes.digest_of(self.key))


def find(email: str, *, origin: Origin, now: datetime) -> Candidate:
    """Read in one statement whom an address belongs to, and what is known of where they are."""
    source = Bucket.of(attempts.SOURCE, origin.network)
    try:
        key = addresses.canonical(email).key
    except ValueError:
        # Not an address, so nobody's; it is still counted and measured like one.
        key = email[:254]
    familiar_since, known_since = now - FAMILIAR_FOR, now - known_devices.REMEMBERED_FOR
    here = origin.network
    values = [here, familiar_since, here, origin.agent, known_since, key]
    found = repeatable(lambda: rows.first(_FOUND, values, shown=_PERSON))
    user, is_familiar, knows_device = _read(found) if found else (None, False, False)
    # Counted by person where there is one: a new address brings no fresh attempts.
    holder = user.pk if user else key
    if is_familiar:
        account = Bucket.of(attempts.FAMILIAR, holder, here)
    else:
        account = Bucket.of(attempts.STRANGER, holder)
    return Candidate(
        key=key,
        user=user,
        tries=Tries(account=account, source=source),
        knows_device=knows_device,
    )


def _read(found: tuple[Any, ...]) -> tuple[User, bool, bool]:
    *person, is_familiar, knows_device = found
    names = [field.attname for field in _PERSON]
    return User.from_db("default", names, person), bool(is_familiar), bool(knows_device)
