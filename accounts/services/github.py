"""Asking GitHub, which speaks OAuth 2.0 and tells by its API who somebody is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from accounts.providers import Provider
from accounts.services.statements import Statement, StatementRefused, email_of, fetch, text_of

_PUBLIC = "https://github.com"


def authorization_url(provider: Provider, parameters: Mapping[str, str]) -> str:
    """Say where to send a browser."""
    return f"{provider.issuer}/login/oauth/authorize?{urlencode(parameters)}"


def statement(
    provider: Provider, code: str, *, verifier: str, callback: str, until: float
) -> Statement:
    """
    Exchange a code and return who somebody is: by number, because names change hands.

    :raises StatementRefused: GitHub does not say
    """
    form = {
        "client_id": provider.client_id,
        "client_secret": provider.client_secret,
        "code": code,
        "redirect_uri": callback,
        "code_verifier": verifier,
    }
    token = _part(
        fetch(
            f"{provider.issuer}/login/oauth/access_token",
            form=urlencode(form).encode(),
            until=until,
        ),
        "access_token",
        str,
    )
    headers = {"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": "2022-11-28"}
    is_public = provider.issuer == _PUBLIC
    api = "https://api.github.com" if is_public else f"{provider.issuer}/api/v3"
    person = fetch(f"{api}/user", headers=headers, until=until)
    number = _part(person, "id", int)
    address = _verified_primary(fetch(f"{api}/user/emails", headers=headers, until=until))
    return Statement(
        subject=str(number),
        email=email_of(address),
        is_vouched=bool(address),
        name=text_of(person.get("name"), most=200),
    )


def _part(answer: Any, name: str, kind: type[Any]) -> Any:
    part = answer.get(name) if isinstance(answer, dict) else None
    if not part or not isinstance(part, kind) or isinstance(part, bool):
        raise StatementRefused(f"GitHub: no {name}")
    return part


def _verified_primary(said: Any) -> str:
    for each in said if isinstance(said, list) else []:
        is_it = isinstance(each, dict) and each.get("primary") is True
        if is_it and each.get("verified") is True:
            return email_of(each.get("email"))
    return ""
