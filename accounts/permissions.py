"""Who may come in: people who are signed in, and API keys."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.errors import ReauthenticationRequired
from accounts.services.access import Caller
from accounts.services.api_key_standing import KeyStanding
from accounts.services.standing import Standing


class SignedIn(BasePermission):
    """A person with a live session."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002
        who: object = request.user
        return isinstance(who, Standing)


class ProvedLately(SignedIn):
    """
    The same, who has proved within ten minutes who they are.

    :raises ReauthenticationRequired: the last proof is older
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        if not signed_in(request).has_proved_lately(timezone.now()):
            raise ReauthenticationRequired(reason="the last proof is too old")
        return True


class ProvedLatelyToChange(ProvedLately):
    """
    Whoever is signed in may look; changing asks for a proof within ten minutes.

    :raises ReauthenticationRequired: the last proof is older
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.method in SAFE_METHODS:
            return SignedIn().has_permission(request, view)
        return super().has_permission(request, view)


def signed_in(request: Request) -> Standing:
    """Return the person behind a request that ``SignedIn`` let through."""
    who: object = request.user
    if not isinstance(who, Standing):
        raise TypeError("This view lacks the SignedIn permission.")
    return who


class KeyHolder(BasePermission):
    """A program with an API key; authentication has judged its scope."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002
        who: object = request.user
        return isinstance(who, KeyStanding)


def key_of(request: Request) -> KeyStanding:
    """Return the key behind a request that ``KeyHolder`` let through."""
    who: object = request.user
    if not isinstance(who, KeyStanding):
        raise TypeError("This view lacks the KeyHolder permission.")
    return who


def caller_of(request: Request) -> Caller:
    """Return the person or the key behind a request that ``SignedIn | KeyHolder`` let through."""
    who: object = request.user
    if not isinstance(who, Standing | KeyStanding):
        raise TypeError("This view lacks the SignedIn or the KeyHolder permission.")
    return who
