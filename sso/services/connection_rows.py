"""
What becomes of the rows of a connection, whoever is behind it.

Callers authorise, hold the organization, open the transaction and record; ``connections`` does so
for an organization's members, ``connection_staff`` for operators.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.organization_errors import SlugTaken
from accounts.rules import slugs
from audit.parties import Target
from plinto.kernel.exceptions import ConflictError, NotFoundError
from sso.models import Connection, OIDCSettings, Refresh, SAMLSettings
from sso.services import certificates, client_secrets, fetching

MOST = 20  # connections of one organization

Changes = dict[str, tuple[Any, Any]]
Settings = SAMLSettings | OIDCSettings

_OWN = {
    "name": "name",
    "preset": "preset",
    "enabled": "is_enabled",
    "redirect_uris": "redirect_uris",
    "attributes": "attributes",
    "creates_accounts": "creates_accounts",
    "default_role": "default_role_id",
    "max_age": "max_age",
    "clock_skew": "clock_skew",
}
_SAML = (
    *("entity_id", "sso_url", "sso_binding", "slo_url", "slo_answer_url", "slo_binding"),
    *("certificates", "metadata_url", "metadata_signer"),
    *("subject_attribute", "allows_unsolicited", "wants_encrypted"),
)
# Long, or another at each fetch, and trusted no more and no less for it.
_UNTOLD_SAML = ("metadata_xml", "valid_until")
_OIDC = ("issuer", "client_id", "scope")
_ONLY_WHETHER = {"metadata_signer"}


def of(organization_id: UUID, protocol: str) -> QuerySet[Connection]:
    """The connections of one organization over one protocol, with all that is shown of them."""
    mine = Connection.objects.filter(organization_id=organization_id, protocol=protocol)
    return mine.select_related(protocol, "default_role", "refresh")


def held(among: QuerySet[Connection], slug: str) -> Connection:
    """
    Find a connection and hold its row, which those who sign in by it write too.

    :raises NotFoundError: there is none, or it is somebody else's
    """
    found = among.filter(slug=slug).select_for_update(no_key=True, of=("self",)).first()
    if found is None:
        raise NotFoundError(reason="no such connection")
    return found


def by_key(connection_id: UUID, *, is_held: bool = False) -> Connection | None:
    """Find a connection whosever it is, for those who work on behalf of nobody."""
    rows = Connection.objects.select_related("saml", "oidc", "default_role")
    if is_held:
        rows = rows.select_for_update(no_key=True, of=("self",))
    return rows.filter(pk=connection_id).first()


def make(
    organization_id: UUID, protocol: str, wanted: Mapping[str, Any], *, now: datetime
) -> Connection:
    """
    Write a connection.

    :raises ConflictError: there are too many
    :raises SlugTaken: another connection of the deployment has the slug
    """
    if Connection.objects.filter(organization_id=organization_id).count() >= MOST:
        raise ConflictError(f"There are {MOST} connections already.", reason="too many connections")
    slug = wanted.get("slug") or _slug_from(wanted["name"])
    columns = {column: wanted[name] for name, column in _OWN.items() if name in wanted}
    connection = Connection(
        organization_id=organization_id,
        protocol=protocol,
        slug=slug,
        created_at=now,
        updated_at=now,
        **columns,
    )
    try:
        with transaction.atomic():
            connection.save(force_insert=True)
    except IntegrityError as error:
        raise SlugTaken("Another connection has this slug.", reason="slug taken") from error
    if protocol == Connection.Protocol.SAML:
        SAMLSettings.objects.create(connection=connection, **_saml_columns(wanted))
    else:
        OIDCSettings.objects.create(connection=connection, **_oidc_columns(wanted))
    return connection


def change(connection: Connection, wanted: Mapping[str, Any], *, now: datetime) -> Changes:
    """Write what differs, and return it as the trail tells it."""
    settings = settings_of(connection)
    before = shown(connection)
    own = {column: wanted[name] for name, column in _OWN.items() if name in wanted}
    is_saml = isinstance(settings, SAMLSettings)
    columns = _saml_columns(wanted) if is_saml else _oidc_columns(wanted)
    _write(settings, columns)
    _write(connection, own)
    if "default_role_id" in own:
        connection.refresh_from_db(fields=["default_role"])
    after = shown(connection)
    changes = {
        name: _told(name, before[name], after[name])
        for name in after
        if before[name] != after[name]
    }
    if "client_secret" in wanted:
        changes["client"] = (None, "a new secret")
    if changes:
        _write(connection, {"updated_at": now})
    return changes


def require_enabled(connection: Connection) -> None:
    """
    Go on only if people may come by a connection.

    :raises ConflictError: it is off
    """
    if not connection.is_enabled:
        raise ConflictError("The connection is off. Turn it on first.", reason="connection off")


def schedule(connection: Connection, *, now: datetime, fetched_at: datetime | None = None) -> None:
    """
    Let the worker ask for what the provider publishes, if it publishes anything.

    ``fetched_at`` when that was asked just now; otherwise the worker asks at once.
    """
    settings = settings_of(connection)
    if isinstance(settings, SAMLSettings) and not settings.metadata_url:
        Refresh.objects.filter(connection=connection).delete()
        return
    columns: dict[str, Any] = {"due_at": fetching.next_after(now) if fetched_at else now}
    if fetched_at:
        columns |= {"fetched_at": fetched_at, "failing_since": None, "last_error": ""}
    # Without its lease a worker that is under way writes nothing.
    Refresh.objects.update_or_create(
        connection=connection, defaults={**columns, "lease": None, "attempts": 0}
    )


def settings_of(connection: Connection) -> Settings:
    """Return what a connection's protocol needs to know."""
    is_saml = connection.protocol == Connection.Protocol.SAML
    return connection.saml if is_saml else connection.oidc


def shown(connection: Connection) -> dict[str, Any]:
    """What the trail tells of a connection; of certificates their fingerprints, of secrets none."""
    role = connection.default_role
    told = {name: getattr(connection, column) for name, column in _OWN.items()}
    told["default_role"] = role.name if role else None
    settings = settings_of(connection)
    names = _SAML if isinstance(settings, SAMLSettings) else _OIDC
    told |= {name: getattr(settings, name) for name in names}
    if "certificates" in told:
        told["certificates"] = certificates.fingerprints(told["certificates"])
    return told


def as_made(connection: Connection) -> Changes:
    """What the trail tells of a new connection."""
    return {
        name: _told(name, None, value)
        for name, value in shown(connection).items()
        if value not in (None, "", [], {})
    }


def target_of(connection: Connection) -> Target:
    """Name a connection as what was acted upon."""
    return Target("connection", id=str(connection.pk), label=connection.slug)


def _slug_from(name: str) -> str:
    """Make a slug that nobody has of the name, which may be in any script."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:30].strip("-")
    try:
        slug = slugs.canonical(plain)
    except ValueError:
        slug = ""
    if slug and not Connection.objects.filter(slug=slug).exists():
        return slug
    return "-".join(filter(None, [slug or "connection", secrets.token_hex(3)]))


def _saml_columns(wanted: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name: wanted[name] for name in (*_SAML, *_UNTOLD_SAML) if name in wanted}
    if "certificates" in columns:
        columns["certificates_end_at"] = certificates.end_of(columns["certificates"])
        columns["end_told_days"] = None
    return columns


def _oidc_columns(wanted: Mapping[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {name: wanted[name] for name in _OIDC if name in wanted}
    if "client_secret" in wanted:
        columns["client_secret"] = client_secrets.sealed(wanted["client_secret"])
    return columns


def _told(name: str, before: Any, after: Any) -> tuple[Any, Any]:
    return (bool(before), bool(after)) if name in _ONLY_WHETHER else (before, after)


def _write(row: Connection | Settings, columns: Mapping[str, Any]) -> None:
    if columns:
        type(row)._default_manager.filter(pk=row.pk).update(**columns)
    for name, value in columns.items():
        setattr(row, name, value)
