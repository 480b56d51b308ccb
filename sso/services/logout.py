"""Signing out here, and at the provider that somebody came by; one way for each protocol."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from accounts.services import own_sessions
from accounts.services.standing import Standing
from plinto.kernel.exceptions import ValidationError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from sso import door_controls
from sso.facts import Refused
from sso.models import Connection, SignOn
from sso.services import oidc_logout, saml_logout, sign_ins

# Given what a session is called there and where the browser ends ("" for a page of the protocol's),
# each says where the browser goes to sign out at the provider; None where it cannot.
_WAYS: dict[str, Callable[[SignOn, str, datetime], str | None]] = {
    Connection.Protocol.SAML: saml_logout.leave,
    Connection.Protocol.OIDC: oidc_logout.leave,
}


@enforces(door_controls.SSO_SIGN_OUT)
def leave(who: Standing, *, redirect_uri: str, origin: Origin, now: datetime) -> str | None:
    """
    End somebody's own session, and say where their browser goes to sign out at the provider too.

    None when they came by no connection, or it has no such address.

    :raises ValidationError: browsers are not sent to that ``redirect_uri``
    :raises NotFoundError: the session has ended already
    """
    sign_on = (
        SignOn.objects.select_related("connection__saml", "connection__oidc")
        .filter(session_id=who.session_id, connection__is_enabled=True)
        .first()
    )
    if sign_on is not None and redirect_uri:
        _see_listed(sign_on.connection, redirect_uri)
    own_sessions.end_one(
        who.user_id, session_id=who.session_id, actor=who.actor, origin=origin, now=now
    )
    way = _WAYS.get(sign_on.connection.protocol) if sign_on else None
    return way(sign_on, redirect_uri, now) if sign_on and way else None


def _see_listed(connection: Connection, redirect_uri: str) -> None:
    try:
        sign_ins.redirect_of(connection, redirect_uri)
    except Refused as refusal:
        raise ValidationError(
            fields={"redirect_uri": ["This address is not registered."]}
        ) from refusal
