"""Telling people by mail what became of their identities, so that a thief cannot be quiet."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from accounts.models import Identity, User
from accounts.providers import Provider
from accounts.services import notices
from accounts.services.letters import inert
from plinto.kernel.origin import Origin


def linked(identity: Identity) -> str:
    """Say that signing in at a provider opens the account from now on."""
    return f"{_named(identity)} was linked to your account. It can be used to sign in from now on."


def unlinked(identity: Identity) -> str:
    """Say that it does so no more."""
    return f"{_named(identity)} was unlinked from your account. It signs nobody in any more."


def tell(person: User, what: str, *, origin: Origin | None, now: datetime) -> None:
    """Mail a person one of the sentences above; a colleague's origin is left out."""
    notices.tell("identity", person, what, origin=origin, now=now)


def _named(identity: Identity) -> str:
    found: dict[str, Provider] = settings.SOCIAL_PROVIDERS
    provider = found.get(identity.provider)
    title = provider.title if provider else identity.provider
    if identity.connection_id:
        title = "single sign-on"
    # The address there is whatever its provider says.
    return (
        f"A {title} account ({inert(identity.email)})" if identity.email else f"A {title} account"
    )
