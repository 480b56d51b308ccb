"""
What is told, under which type, and what a message says of it: the only list.

A type is a promise to receivers, so it is written here and does not follow when the trail renames
an event. An act is told when it was done; what is told although it was refused stands in
``_REFUSALS``. An endpoint without an organization may ask for ``audit.recorded``: every row of the
trail with all that it tells, once, instead of the types below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from audit.chain import moment
from audit.events import Event
from audit.models import AuditRow
from audit.parties import Outcome
from audit.services.personal import Opened

TEST = "webhook.test"  # told to the one endpoint that asked
EVERYTHING = "audit.recorded"

TOLD: Mapping[Event, str] = {
    Event.USER_CREATED: "user.created",
    Event.USER_IMPORTED: "user.created",
    Event.USER_VERIFIED: "user.verified",
    Event.USER_UPDATED: "user.updated",
    Event.USER_ERASED: "user.erased",
    Event.USER_DEACTIVATED: "user.deactivated",
    Event.USER_REACTIVATED: "user.reactivated",
    Event.EMAIL_CHANGED: "email.changed",
    Event.EMAIL_RESTORED: "email.restored",
    Event.SESSION_STARTED: "session.started",
    Event.SESSION_ENDED: "session.ended",
    Event.SESSION_REFRESH_REUSED: "session.refresh_reused",
    Event.LOCKOUT_REACHED: "lockout.reached",
    Event.PASSWORD_CHANGED: "password.changed",
    Event.PASSWORD_RESET: "password.reset",
    Event.FACTOR_ADDED: "factor.added",
    Event.FACTOR_REMOVED: "factor.removed",
    Event.FACTORS_RESET: "factors.reset",
    Event.RECOVERY_CODES_RENEWED: "recovery_codes.renewed",
    Event.RECOVERY_CODE_USED: "recovery_code.used",
    Event.PASSKEY_ADDED: "passkey.added",
    Event.PASSKEY_REMOVED: "passkey.removed",
    Event.PASSKEY_CLONED: "passkey.cloned",
    Event.IDENTITY_LINKED: "identity.linked",
    Event.IDENTITY_UNLINKED: "identity.unlinked",
    Event.ORGANIZATION_CREATED: "organization.created",
    Event.ORGANIZATION_UPDATED: "organization.updated",
    Event.ORGANIZATION_DELETED: "organization.deleted",
    Event.ROLE_CREATED: "role.created",
    Event.ROLE_UPDATED: "role.updated",
    Event.ROLE_DELETED: "role.deleted",
    Event.INVITATION_SENT: "invitation.sent",
    Event.INVITATION_RESENT: "invitation.resent",
    Event.INVITATION_REVOKED: "invitation.revoked",
    Event.INVITATION_ACCEPTED: "invitation.accepted",
    Event.MEMBER_JOINED: "member.joined",
    Event.MEMBER_UPDATED: "member.updated",
    Event.MEMBER_REMOVED: "member.removed",
    Event.MEMBER_CHANGED: "member.changed",
    Event.MEMBER_DEACTIVATED: "member.deactivated",
    Event.MEMBER_REACTIVATED: "member.reactivated",
    Event.MEMBER_ERASED: "member.erased",
    Event.GROUP_ROLES_CHANGED: "group_roles.changed",
    Event.GLASS_BROKEN: "glass.broken",
    Event.DOMAIN_ADDED: "domain.added",
    Event.DOMAIN_VERIFIED: "domain.verified",
    Event.DOMAIN_DELETED: "domain.deleted",
    Event.DOMAIN_WITHDRAWN: "domain.withdrawn",
    Event.CONNECTION_CREATED: "connection.created",
    Event.CONNECTION_UPDATED: "connection.updated",
    Event.CONNECTION_DELETED: "connection.deleted",
    Event.CONNECTION_METADATA_CHANGED: "connection.metadata_changed",
    Event.SCIM_TOKEN_CREATED: "scim_token.created",
    Event.SCIM_TOKEN_DELETED: "scim_token.deleted",
    Event.API_KEY_CREATED: "api_key.created",
    Event.API_KEY_UPDATED: "api_key.updated",
    Event.API_KEY_ROTATED: "api_key.rotated",
    Event.API_KEY_DELETED: "api_key.deleted",
    Event.TOKEN_REVOKED: "token.revoked",
    Event.TRAIL_TRUNCATED: "trail.truncated",
    Event.ENDPOINT_CREATED: "endpoint.created",
    Event.ENDPOINT_UPDATED: "endpoint.updated",
    Event.ENDPOINT_DELETED: "endpoint.deleted",
    Event.ENDPOINT_SECRET_ROTATED: "endpoint.secret_rotated",
    Event.ENDPOINT_ENABLED: "endpoint.enabled",
    Event.ENDPOINT_PAUSED: "endpoint.paused",
}

_STEP = "A step of something whose end is told."
_WISH = "Asked for and not done: anybody may ask, and what comes of it is told."
_THEIRS = "Between the person and this deployment; an organization has no part in it."
_OPERATORS = "An act upon the deployment, which its operators read in the trail."
_DESCRIBED = "A description; what it does to accounts and members is told."
_READING = "Nothing was changed; who took the trail along stands in it."
UNTOLD: Mapping[Event, str] = {
    Event.USER_REGISTERED: _WISH,
    Event.USER_ERASURE_REQUESTED: _WISH,
    Event.USER_ERASURE_CANCELLED: _WISH,
    Event.EMAIL_VERIFICATION_REQUESTED: _WISH,
    Event.EMAIL_CHANGE_REQUESTED: _WISH,
    Event.MAGIC_LINK_REQUESTED: _WISH,
    Event.PASSWORD_RESET_REQUESTED: _WISH,
    Event.SESSION_REFUSED: "Anybody causes it as often as they like; lockout.reached tells of it.",
    Event.SESSION_FACTOR_ASKED: _STEP,
    Event.SESSION_REFRESHED: _STEP,
    Event.SESSION_REAUTHENTICATED: _STEP,
    Event.PASSWORD_DROPPED: _STEP,
    Event.FACTOR_ISSUED: _STEP,
    Event.TERMS_ACCEPTED: _THEIRS,
    Event.EXPORT_REQUESTED: _THEIRS,
    Event.EXPORT_TAKEN: _THEIRS,
    Event.TRAIL_EXPORT_REQUESTED: _READING,
    Event.TRAIL_EXPORT_TAKEN: _READING,
    Event.PASSKEY_RENAMED: _THEIRS,
    Event.ENDPOINT_ADDRESS_REFUSED: "A receiver that leads inside learns nothing of it.",
    Event.ENDPOINT_TESTED: "Told to the endpoint that is tested, as webhook.test.",
    Event.ENDPOINT_REDELIVERED: "What is sent again are events, under their own types.",
    Event.CONNECTION_TESTED: "Nobody was signed in, and nothing was changed.",
    Event.CONNECTION_METADATA_REFUSED: "What was good last goes on, and the worker asks again.",
    Event.SCIM_USER_CREATED: _DESCRIBED,
    Event.SCIM_USER_UPDATED: _DESCRIBED,
    Event.SCIM_USER_DELETED: _DESCRIBED,
    Event.SCIM_GROUP_CREATED: _DESCRIBED,
    Event.SCIM_GROUP_UPDATED: _DESCRIBED,
    Event.SCIM_GROUP_DELETED: _DESCRIBED,
    Event.SERVICE_KEY_ROTATED: _OPERATORS,
    Event.SIGNING_KEY_ROTATED: _OPERATORS,
    Event.AUDIT_KEY_ROTATED: _OPERATORS,
    Event.ADMINISTRATOR_CREATED: _OPERATORS,
    Event.ADMIN_SIGNED_IN: _OPERATORS,
    Event.ADMIN_SIGNED_OUT: _OPERATORS,
    Event.ADMIN_REFUSED: _OPERATORS,
    Event.ADMIN_EXPORTED: _OPERATORS,
    Event.ADMIN_CHANGED: _OPERATORS,
    Event.CIRCUIT_FORCED_OPEN: _OPERATORS,
    Event.CIRCUIT_FORCED_CLOSED: _OPERATORS,
    Event.CIRCUIT_RELEASED: _OPERATORS,
    Event.CIRCUIT_RESET: _OPERATORS,
    Event.CIRCUIT_OUTAGE_REHEARSED: _OPERATORS,
}

# These are refusals by their nature, or told whichever way they ended.
_REFUSALS = frozenset({Event.SESSION_REFRESH_REUSED, Event.LOCKOUT_REACHED, Event.PASSKEY_CLONED})

TYPES: tuple[str, ...] = tuple(sorted(set(TOLD.values())))
_SUBJECTS = frozenset(each.partition(".")[0] for each in TYPES)


def is_pattern(text: str, *, is_of_all: bool = False) -> bool:
    """
    Say whether an endpoint may ask for ``text``: a type, ``subject.*`` or ``*``.

    ``is_of_all`` is an endpoint without an organization, which may ask for ``audit.recorded`` too.
    """
    if text == "*" or text in TYPES:
        return True
    if is_of_all and text == EVERYTHING:
        return True
    subject, dot, rest = text.partition(".")
    return bool(dot) and rest == "*" and subject in _SUBJECTS


def matches(patterns: Iterable[str], type: str) -> bool:
    """Say whether one of ``patterns`` asks for a type."""
    wanted = {"*", type, f"{type.partition('.')[0]}.*"}
    return any(pattern in wanted for pattern in patterns)


def type_for(row: AuditRow, patterns: Iterable[str], *, is_of_all: bool) -> str | None:
    """
    Return the type under which an endpoint with ``patterns`` is told of a row, or None.

    An event is told once: whoever asked for every row gets no second message of another type.
    """
    patterns = list(patterns)
    if is_of_all and matches(patterns, EVERYTHING):
        return EVERYTHING
    type = _public(row)
    return type if type and matches(patterns, type) else None


def said(type: str, row: AuditRow, opened: Opened) -> dict[str, Any]:
    """
    Return the ``data`` of a message; ``opened`` is what the row still tells about people.

    Ids alone name who acted and what was acted upon: a receiver that may know more asks for it.
    """
    if type == EVERYTHING:
        return _whole(row, opened)
    return {
        "id": str(row.id),
        "organization_id": _id(row.organization_id),
        "actor": {"kind": row.actor_kind, "id": row.actor_id},
        "target": {"kind": row.target_kind, "id": row.target_id},
        "session_id": _id(row.session_id),
        "outcome": row.outcome,
        "changes": _changes(opened),
    }


def _public(row: AuditRow) -> str | None:
    try:
        event = Event(row.action)
    except ValueError:  # written by a later release, which tells of it
        return None
    if row.outcome != Outcome.SUCCESS and event not in _REFUSALS:
        return None
    return TOLD.get(event)


def _whole(row: AuditRow, opened: Opened) -> dict[str, Any]:
    stored = row.said()
    for name in ("personal", "personal_key_id", "actor_kind", "actor_id", "target_kind"):
        del stored[name]
    del stored["target_id"]
    return {
        **stored,
        "actor": {"kind": row.actor_kind, "id": row.actor_id, "label": opened.actor_label},
        "target": {"kind": row.target_kind, "id": row.target_id, "label": opened.target_label},
        "address": opened.address,
        "agent": opened.agent,
        "changes": _changes(opened),
        "chain": _id(row.chain),
        "sequence": row.sequence,
        "previous_hash": _hex(row.previous_hash),
        "sealed_hash": _hex(row.sealed_hash),
        "sealed_at": moment(row.sealed_at) if row.sealed_at else None,
    }


def _changes(opened: Opened) -> dict[str, Any]:
    return {name: {"before": sides[0], "after": sides[1]} for name, sides in opened.changes.items()}


def _id(key: object) -> str | None:
    return str(key) if key else None


def _hex(octets: bytes | memoryview | None) -> str | None:
    return bytes(octets).hex() if octets is not None else None
