"""
What becomes of an endpoint's row, whoever is behind it.

Callers authorise, hold what must be held, open the transaction and record; ``endpoints`` does so
for an organization's members and programs, ``endpoint_staff`` for operators.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import QuerySet

from audit.chain import SYSTEM_CHAIN
from audit.models import ChainHead
from audit.parties import Target
from plinto.kernel.exceptions import ConflictError, NotFoundError, ValidationError
from resilience import http
from resilience.errors import OutboundRefusedError
from webhooks import catalogue
from webhooks.errors import EndpointChanged, EndpointPaused
from webhooks.models import Delivery, Endpoint, Position
from webhooks.services import endpoint_secrets

MOST = 20  # endpoints of one organization, and as many of the deployment
LONGEST_URL = 2048
_BATCH = 500

Changes = dict[str, tuple[Any, Any]]

_REFUSED = {
    "userinfo or fragment": "Leave out user, password and fragment.",
    "scheme": "Use https.",
    "port": "Use the port 443.",
}


@dataclass(frozen=True, slots=True)
class Issued:
    """An endpoint, and the text of its new secret, which is shown once."""

    endpoint: Endpoint
    secret: str


def of(organization_id: UUID | None) -> QuerySet[Endpoint]:
    """The endpoints of one organization, or those of the deployment."""
    if organization_id is None:
        return Endpoint.objects.filter(organization=None)
    return Endpoint.objects.filter(organization_id=organization_id)


def held(among: QuerySet[Endpoint], endpoint_id: UUID) -> Endpoint:
    """
    Find an endpoint and hold its row, which those who send write too.

    :raises NotFoundError: there is none, or it is somebody else's
    """
    found = among.filter(pk=endpoint_id).select_for_update(no_key=True, of=("self",)).first()
    if found is None:
        raise NotFoundError(reason="no such endpoint")
    return found


def judged(fields: Mapping[str, Any], *, is_of_all: bool) -> dict[str, Any]:
    """
    Return what may be written of ``url``, ``events`` and ``description``.

    Where the name of an address leads is judged whenever something is sent there: by then it may
    lead elsewhere.

    :raises ValidationError: an address that nothing is sent to, or an event that nobody is told of
    """
    wanted, wrong = dict(fields), {}
    if "url" in wanted:
        try:
            http.judge(wanted["url"])
        except OutboundRefusedError as refusal:
            wrong["url"] = [_REFUSED.get(refusal.reason, "This is not an address.")]
        if len(wanted["url"]) > LONGEST_URL:
            wrong["url"] = [f"Use {LONGEST_URL} characters at most."]
    if "events" in wanted:
        wanted["events"] = sorted(set(wanted["events"]))
        for asked in wanted["events"]:
            if not catalogue.is_pattern(asked, is_of_all=is_of_all):
                wrong["events"] = [f"Nobody is told of {asked[:64]}."]
    if wrong:
        raise ValidationError(fields=wrong)
    return wanted


def make(organization_id: UUID | None, wanted: Mapping[str, Any], *, now: datetime) -> Issued:
    """
    Write an endpoint that is told of what happens from now on.

    :raises ConflictError: there are too many
    """
    if of(organization_id).count() >= MOST:
        raise ConflictError(f"There are {MOST} endpoints already.", reason="too many endpoints")
    text, sealed = endpoint_secrets.drawn()
    endpoint = Endpoint.objects.create(
        organization_id=organization_id, secret=sealed, created_at=now, **wanted
    )
    Position.objects.bulk_create(
        (
            Position(endpoint=endpoint, chain=chain, sequence=sequence)
            for chain, sequence in _ends(organization_id).items()
        ),
        batch_size=_BATCH,
    )
    return Issued(endpoint, text)


def change(endpoint: Endpoint, wanted: Mapping[str, Any]) -> Changes:
    """Write what differs, and return it as the trail tells it."""
    differing = {name: value for name, value in wanted.items() if getattr(endpoint, name) != value}
    told = {
        name: (_told(name, getattr(endpoint, name)), _told(name, value))
        for name, value in differing.items()
    }
    if "url" in differing:
        # How long another address has failed says nothing about this one.
        differing["failing_since"] = None
    _write(endpoint, differing)
    return told


def rotate(endpoint: Endpoint, *, seen: str, now: datetime) -> Issued:
    """
    Give an endpoint a new secret, beside which the one of now signs for a day.

    :raises EndpointChanged: the secret is not the one that was ``seen`` before
    """
    former = bytes(endpoint.secret)
    if endpoint_secrets.named(former) != seen:
        raise EndpointChanged(reason="rotated at once")
    text, sealed = endpoint_secrets.drawn()
    columns = {
        "secret": sealed,
        "former_secret": former,
        "former_until": now + endpoint_secrets.OVERLAP,
        "rotated_at": now,
    }
    _write(endpoint, columns)
    return Issued(endpoint, text)


def secret_seen(endpoint_id: UUID) -> str:
    """Name the secret as it is before anything is held; empty where there is no endpoint."""
    sealed = Endpoint.objects.filter(pk=endpoint_id).values_list("secret", flat=True).first()
    return endpoint_secrets.named(bytes(sealed)) if sealed else ""


def pause(endpoint: Endpoint, *, now: datetime) -> bool:
    """Send nothing more to an endpoint; false if it is paused already."""
    if endpoint.state == Endpoint.State.PAUSED:
        return False
    columns = {
        "state": Endpoint.State.PAUSED,
        "paused_at": now,
        "paused_because": Endpoint.Pause.BY_HAND,
    }
    _write(endpoint, columns)
    return True


def enable(endpoint: Endpoint) -> bool:
    """Go on sending where a pause began, without its failures; false if it goes on already."""
    if endpoint.state == Endpoint.State.ACTIVE:
        return False
    columns = {
        "state": Endpoint.State.ACTIVE,
        "paused_at": None,
        "paused_because": "",
        "failing_since": None,
    }
    _write(endpoint, columns)
    return True


def require_active(endpoint: Endpoint) -> None:
    """
    Go on only if something that is due to an endpoint is sent.

    :raises EndpointPaused: it is paused
    """
    if endpoint.state == Endpoint.State.PAUSED:
        raise EndpointPaused(reason="paused")


def let_go_out(endpoint: Endpoint, *, event_id: UUID, now: datetime) -> Delivery:
    """Make the test that a row of the trail tells of due to this endpoint alone."""
    return Delivery.objects.create(
        endpoint=endpoint,
        event_id=event_id,
        type=catalogue.TEST,
        created_at=now,
        scheduled_at=now,
        due_at=now,
    )


def target_of(endpoint: Endpoint) -> Target:
    """Name an endpoint as what was acted upon."""
    return Target("endpoint", id=str(endpoint.pk), label=shown(endpoint.url))


def shown(url: str) -> str:
    """The part of an address that is no secret, as with many receivers the rest is."""
    parts = urlsplit(url)
    rest = "/…" if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{rest}"


def as_made(endpoint: Endpoint) -> Changes:
    """What the trail tells of a new endpoint."""
    return {
        name: (None, _told(name, getattr(endpoint, name)))
        for name in ("url", "events", "description")
    }


def as_paused() -> Changes:
    """What the trail tells of a pause, by whomever."""
    return {"state": (Endpoint.State.ACTIVE.value, Endpoint.State.PAUSED.value)}


def as_rotated(endpoint: Endpoint) -> Changes:
    """What the trail tells of a rotation: never a secret."""
    until = endpoint.former_until
    return {"former_ends_at": (None, until and until.isoformat())}


def _told(name: str, value: Any) -> Any:
    if name == "url":
        return shown(value)
    # What members write there may be about anybody, so only that there is something is told.
    return bool(value) if name == "description" else value


def _ends(organization_id: UUID | None) -> dict[UUID, int]:
    """Up to where the chains that an endpoint follows are sealed by now."""
    heads = ChainHead.objects.values_list("chain", "sequence")
    if organization_id is None:
        return {SYSTEM_CHAIN: 0, **dict(heads)}
    return {organization_id: 0, **dict(heads.filter(chain=organization_id))}


def _write(endpoint: Endpoint, columns: Mapping[str, Any]) -> None:
    if columns:
        Endpoint.objects.filter(pk=endpoint.pk).update(**columns)
    for name, value in columns.items():
        setattr(endpoint, name, value)
