"""
The way to an identity provider and back.

What leaves with the browser (state, nonce, PKCE challenge) is tied to a row, and the row to the
browser by a cookie. The answer spends the row before the provider is asked anything, outside of
any transaction; what it says is kept, sealed, until the same browser exchanges the code.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings

from accounts import social_controls
from accounts.models import ProviderSignIn
from accounts.providers import Kind, Provider
from accounts.services import code_flow, github, identities, openid
from accounts.services.code_flow import PATIENCE, Secrets
from accounts.services.standing import Standing
from accounts.services.statements import Statement, StatementRefused, Word
from accounts.social_errors import ProviderUnavailable
from audit.events import Event
from audit.parties import ANONYMOUS, Target
from audit.services.record import get_audit_service
from plinto.kernel.crypto import decrypt, encrypt, new_token, token_digest
from plinto.kernel.exceptions import NotFoundError, ValidationError
from plinto.kernel.origin import Origin
from resilience import trimming
from resilience.contract import enforces

LIVES_FOR = timedelta(minutes=10)
CODE_LIVES_FOR = timedelta(seconds=60)
_PURPOSE = "secrets of a provider sign-in"


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the token that it is to be known by."""

    authorization_url: str = field(repr=False)
    browser: str = field(repr=False)


def offered() -> list[Provider]:
    """List the providers of this deployment, in the order in which it names them."""
    found: dict[str, Provider] = settings.SOCIAL_PROVIDERS
    return list(found.values())


def provider_named(name: str) -> Provider:
    """
    Find a provider.

    :raises NotFoundError: this deployment has none of that name
    """
    found: dict[str, Provider] = settings.SOCIAL_PROVIDERS
    if name not in found:
        raise NotFoundError
    return found[name]


@enforces(social_controls.SOCIAL_SIGN_IN)
def start(
    name: str, *, redirect_uri: str, browser: str, who: Standing | None, now: datetime
) -> Begun:
    """
    Begin a sign-in at a provider, or for somebody who is signed in the link to another identity.

    :raises NotFoundError: there is no such provider
    :raises ValidationError: browsers are not sent to that ``redirect_uri``
    :raises ProviderUnavailable: the provider does not say where to send them
    """
    provider = provider_named(name)
    # Exactly: whatever is compared more kindly has been an open redirect (RFC 9700, section 2.1).
    if redirect_uri not in settings.SOCIAL_REDIRECT_URIS:
        raise ValidationError(fields={"redirect_uri": ["This address is not registered."]})
    browser, state = browser or new_token("plb_"), new_token("pls_")
    kept = Secrets.drawn()
    parameters = {
        "client_id": provider.client_id,
        "response_type": "code",
        "scope": provider.scope,
        "redirect_uri": callback_of(provider),
        "state": state,
        **kept.parameters,
    }
    url = _authorization_url(provider, parameters, kept)
    ProviderSignIn.objects.create(
        provider=provider.name,
        redirect_uri=redirect_uri,
        browser_digest=token_digest(browser),
        user_id=who.user_id if who else None,
        session_id=who.session_id if who else None,
        created_at=now,
        expires_at=now + LIVES_FOR,
        state_digest=token_digest(state),
        sealed_secrets=encrypt(kept.packed(), purpose=_PURPOSE),
    )
    return Begun(authorization_url=url, browser=browser)


def callback_of(provider: Provider) -> str:
    """Return the address that is registered at the provider; from a setting, never from Host."""
    return f"{settings.PUBLIC_URL}/api/v1/auth/social/{provider.name}/callback"


@enforces(social_controls.SOCIAL_SIGN_IN)
def forwarded(name: str, answer: Mapping[str, str]) -> str:
    """
    Return where to send a browser that came by a form of the provider.

    A cross-site POST brings no SameSite=Lax cookie; the GET that follows it does.

    :raises NotFoundError: there is no such provider, or it sends no forms
    """
    provider = provider_named(name)
    if not provider.posts_back:
        raise NotFoundError
    known = {word: answer[word] for word in ("state", "code", "error", "iss") if word in answer}
    return f"{callback_of(provider)}?{urlencode(known)}"


@enforces(social_controls.SOCIAL_SIGN_IN)
def returned(
    name: str, answer: Mapping[str, str], *, browser: str, origin: Origin, now: datetime
) -> str | None:
    """
    Take a provider's answer and return where to send the browser, with a code or an error.

    None when no sign-in of this browser waits for such an answer: forged, replayed, expired, or
    of another browser, which is all the same to the caller.

    :raises NotFoundError: there is no such provider
    """
    provider = provider_named(name)
    row = _claimed(provider, answer.get("state", ""), browser=browser, now=now)
    if row is None:
        _refuse("no sign-in waits for this answer", provider, origin=origin)
        return None
    try:
        statement = _heard(provider, row, answer, now=now)
        if row.user_id:
            identities.link_asked(row, statement, origin=origin, now=now)
            return _located(row, linked=provider.name)
        _see_vouched(provider, statement)
    except StatementRefused as refusal:
        _refuse(refusal.reason, provider, origin=origin)
        return _located(row, error=refusal.word)
    code = new_token("plo_")
    ProviderSignIn.objects.filter(pk=row.pk).update(
        code_digest=token_digest(code),
        sealed_statement=statement.sealed(),
        code_expires_at=now + CODE_LIVES_FOR,
    )
    return _located(row, code=code)


def trim(*, now: datetime) -> int:
    """Delete what has expired, once nothing that came of it can still be spent."""
    return trimming.delete(ProviderSignIn.objects.filter(expires_at__lt=now - 3 * LIVES_FOR))


def _authorization_url(provider: Provider, parameters: Mapping[str, str], kept: Secrets) -> str:
    if provider.kind is Kind.GITHUB:
        return github.authorization_url(provider, parameters)
    try:
        return openid.authorization_url(
            provider, parameters, kept, until=time.monotonic() + PATIENCE
        )
    except StatementRefused as refusal:
        raise ProviderUnavailable(reason=refusal.reason) from refusal


def _claimed(
    provider: Provider, state: str, *, browser: str, now: datetime
) -> ProviderSignIn | None:
    """Spend the row that an answer belongs to; of any number of answers one gets it."""
    waiting = ProviderSignIn.objects.filter(
        state_digest=token_digest(state),
        browser_digest=token_digest(browser),
        provider=provider.name,
        connection_id=None,
        answered_at=None,
        expires_at__gt=now,
    )
    row = waiting.first()
    return row if row and waiting.filter(pk=row.pk).update(answered_at=now) else None


def _heard(
    provider: Provider, row: ProviderSignIn, answer: Mapping[str, str], *, now: datetime
) -> Statement:
    """Ask the provider who came back."""
    until = time.monotonic() + PATIENCE
    kept = Secrets.unpacked(decrypt(row.sealed_secrets, purpose=_PURPOSE))
    callback = callback_of(provider)
    if provider.kind is Kind.GITHUB:
        code = code_flow.code_of(answer)
        return github.statement(
            provider, code, verifier=kept.verifier, callback=callback, until=until
        )
    code_flow.check_issuer(provider.issuer, answer.get("iss"), until=until)
    code = code_flow.code_of(answer)
    return openid.statement(provider, code, kept, callback=callback, until=until, now=now)


def _see_vouched(provider: Provider, statement: Statement) -> None:
    known = identities.known(provider.name, statement.subject)
    if known is None and not identities.address_of(statement):
        raise StatementRefused("address not vouched for", word=Word.NOT_VOUCHED)


def _located(row: ProviderSignIn, **said: str) -> str:
    return code_flow.located(row.redirect_uri, said)


def _refuse(reason: str, provider: Provider, *, origin: Origin) -> None:
    get_audit_service().record_refusal(
        Event.SESSION_REFUSED,
        actor=ANONYMOUS,
        target=Target("provider", id=provider.name),
        origin=origin,
        reason=reason,
    )
