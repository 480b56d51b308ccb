"""
The bearer token of an organization's provisioning: made, shown once, replaced, deleted, recognised.

There is one at a time, and each request reads its row, so one that was replaced or deleted is
refused at the next request, whatever Redis does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django import db
from django.db.models import Q

from accounts.rules import permissions
from accounts.services.access import get_rbac_service
from accounts.services.organization_acts import Attempt, Provisioner, acting
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import Actor, ActorKind, Target
from plinto.kernel.crypto import new_token, token_digest
from plinto.kernel.exceptions import NotFoundError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from sso import scim_controls as controls
from sso.models import ScimToken
from sso.scim_errors import ScimTokenInvalid

log = structlog.get_logger(__name__)

PREFIX = "plp_"
_HINT = 8  # the prefix, and 24 bits of 256
_TEXT = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ScimStanding:
    """The token behind a request, and the organization that it provisions."""

    organization_id: UUID
    hint: str
    digest: bytes = field(repr=False)

    # DRF asks its user this.
    is_authenticated = True

    @property
    def provisioner(self) -> Provisioner:
        """Who acts with this token."""
        actor = Actor(ActorKind.SCIM_TOKEN, id=str(self.organization_id), label=self.hint)
        return Provisioner(self.organization_id, actor, self._require_live)

    def _require_live(self) -> None:
        """
        Go on only if the token stands; nobody replaces it while the organization is held.

        :raises ScimTokenInvalid: it was replaced or deleted meanwhile
        """
        mine = ScimToken.objects.filter(organization_id=self.organization_id, digest=self.digest)
        if not mine.exists():
            raise ScimTokenInvalid(reason="ended meanwhile")


@dataclass(frozen=True, slots=True)
class Issued:
    """A token, and its text, which is shown once."""

    token: ScimToken
    text: str = field(repr=False)


@enforces(controls.SCIM_TOKENS)
def standing(text: str, *, count: Callable[[str], Any], now: datetime) -> ScimStanding:
    """
    Say which token a text is at this moment; ``count`` counts the request for the holder it names.

    :raises ScimTokenInvalid: it is none, or not one any more
    """
    if not _TEXT.fullmatch(text):
        raise ScimTokenInvalid(reason="no SCIM token has this form")
    digest = token_digest(text)
    count(digest.hex())
    token = ScimToken.objects.filter(digest=digest).first()
    if token is None:
        raise ScimTokenInvalid(reason="no such token")
    _note(token, now=now)
    return ScimStanding(token.organization_id, token.hint, digest)


def shown(who: Standing, organization_id: UUID, *, now: datetime) -> ScimToken:
    """
    Show what is known of the token.

    :raises NotFoundError: there is none, or the person is not in the organization
    :raises AuthorizationError: they lack ``sso:read``
    """
    get_rbac_service().require(who, organization_id, permissions.READ_SSO, now=now)
    token = ScimToken.objects.filter(organization_id=organization_id).first()
    if token is None:
        raise NotFoundError("There is no SCIM token.", reason="no token")
    return token


@enforces(controls.SCIM_TOKENS)
@after_conflicts
def create(who: Standing, organization_id: UUID, *, origin: Origin, now: datetime) -> Issued:
    """
    Make a token; one that was there before is refused from now on.

    :raises NotFoundError: the person is not in the organization, or there is none
    :raises AuthorizationError: they lack ``sso:write``
    """
    text = new_token(PREFIX)
    event, target = Event.SCIM_TOKEN_CREATED, _target(organization_id)
    with acting(Attempt(who, organization_id, event, target, origin, now)) as act:
        act.require(permissions.WRITE_SSO)
        token, _ = ScimToken.objects.update_or_create(
            organization_id=organization_id,
            defaults={
                "digest": token_digest(text),
                "hint": text[:_HINT],
                "created_at": now,
                "last_used_at": None,
            },
        )
        act.record(target=_target(organization_id, token.hint))
        return Issued(token, text)


@enforces(controls.SCIM_TOKENS)
@after_conflicts
def delete(who: Standing, organization_id: UUID, *, origin: Origin, now: datetime) -> None:
    """
    End the token; its next request is refused.

    :raises NotFoundError: there is none, or the person is not in the organization
    :raises AuthorizationError: they lack ``sso:write``
    """
    event, target = Event.SCIM_TOKEN_DELETED, _target(organization_id)
    with acting(Attempt(who, organization_id, event, target, origin, now)) as act:
        act.require(permissions.WRITE_SSO)
        token = ScimToken.objects.filter(organization_id=organization_id).first()
        if token is None:
            raise NotFoundError("There is no SCIM token.", reason="no token")
        act.record(target=_target(organization_id, token.hint))
        token.delete()


def _note(token: ScimToken, *, now: datetime) -> None:
    """Let the row say that the token was used, unless it says so of the last minute."""
    if token.last_used_at and token.last_used_at > now - _NOTED_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - _NOTED_EVERY)
    mine = ScimToken.objects.filter(stale, pk=token.pk, digest=token.digest)
    try:
        mine.update(last_used_at=now)
    except db.Error as error:
        # A database that takes no writes still answers who may read.
        log.warning("scim_token.use_not_written", reason=str(error))


def _target(organization_id: UUID, hint: str = "") -> Target:
    return Target("scim_token", id=str(organization_id), label=hint)
