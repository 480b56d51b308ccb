"""
OpenID Connect, from the provider's answer to who came (Core 1.0; RFC 7636, 9207, 8725).

What is asked and verified here is what sign-in at the deployment's own providers asks and
verifies, in ``accounts.services``; this module says it in the words of connections. Plinto
authenticates by ``client_secret_basic`` or, where a provider takes only that, by
``client_secret_post``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from accounts.services import code_flow, id_tokens, provider_documents, statements
from accounts.services.code_flow import Client, Secrets
from accounts.services.id_tokens import Wanted
from accounts.services.statements import StatementRefused
from sso.facts import Arrival, Refused, Word

# In the order in which they are made. The reason of a refusal begins with the name of its check.
CHECKS: tuple[tuple[str, str], ...] = (
    ("state", "The answer belongs to a sign-in that this browser began."),
    ("discovery", "The provider publishes its metadata, under its own name and over TLS."),
    ("answer: issuer", "The answer is from this provider and not from another one."),
    ("answer: error", "The provider let the person in."),
    ("answer: code", "The answer brings a code."),
    ("code", "The provider exchanges the code for tokens and knows Plinto's client secret."),
    ("token: size", "There is an ID token, of a reasonable size."),
    ("token: form", "The ID token can be read."),
    ("token: algorithm", "It is signed with an algorithm that Plinto trusts."),
    ("keys", "The provider publishes its signing keys."),
    ("token: key", "The key that signed it is one of them and fits the algorithm."),
    ("token: signature", "The signature is right."),
    ("token: kind", "It is an ID token and no token of another kind."),
    ("token: issuer", "It is from the issuer of this connection."),
    ("token: audience", "It is for the client of this connection."),
    ("token: authorized party", "It was given to no other client."),
    ("token: times", "It says when it was issued and when it ends."),
    ("token: expired", "It has not expired; the clocks agree."),
    ("token: issued at", "It was issued a moment ago; the clocks agree."),
    ("token: not yet", "It is valid already."),
    ("token: nonce", "It was made for this sign-in and no other."),
    ("token: at_hash", "The access token is the one that came with it."),
    ("token: auth_time", "The person signed in at the provider as lately as the connection asks."),
    ("userinfo", "The provider tells more of the same person and of nobody else."),
    ("subject", "It names the person by an identifier that stays."),
)

_METHOD = re.compile(r"[a-z][a-z0-9_.+-]{0,31}\Z")
_MOST_METHODS = 10
_LONGEST_HINT = 4096  # it has to fit into an address
_LONGEST_SESSION = 255
_MOST_NAMES = 200
_MOST_VALUES = 1000
_LONGEST_VALUE = 1024
_DEEPEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    What one sign-in asked for.

    ``callback`` is the address that the provider knows. The person must have proved themselves
    since ``proved_since``, unless that does not matter. ``clock_skew`` in seconds.
    """

    secrets: Secrets
    callback: str
    clock_skew: int
    proved_since: datetime | None = field(default=None)


@contextmanager
def refusing() -> Iterator[None]:
    """
    Turn what cannot be believed into a refusal of this app.

    :raises Refused: with the reason
    """
    try:
        yield
    except StatementRefused as refusal:
        unavailable = refusal.word is statements.Word.UNAVAILABLE
        denied = refusal.word is statements.Word.DENIED
        word = Word.UNAVAILABLE if unavailable else Word.DENIED if denied else Word.NOT_TRUSTED
        raise Refused(refusal.reason, word=word) from refusal


def authorization_url(
    client: Client,
    asked: Asked,
    *,
    state: str,
    scope: str,
    max_age: int | None,
    is_proof_wanted: bool,
    until: float,
) -> str:
    """
    Say where to send a browser; ``until`` is of ``time.monotonic``.

    :raises Refused: the provider's metadata are not to be had
    """
    parameters = {
        "client_id": client.client_id,
        "response_type": "code",
        "scope": scope,
        "redirect_uri": asked.callback,
        "state": state,
        "nonce": asked.secrets.nonce,
        **asked.secrets.parameters,
    }
    if is_proof_wanted:
        # A maximal age makes the provider say when that was, which a prompt alone does not.
        parameters |= {"prompt": "login", "max_age": "0"}
    elif max_age is not None:
        parameters["max_age"] = str(max_age)
    with refusing():
        return code_flow.authorization_url(client.issuer, parameters, until=until)


def arrival(
    client: Client, answer: Mapping[str, str], asked: Asked, *, until: float, now: datetime
) -> Arrival:
    """
    Exchange the code of an answer and return who came.

    :raises Refused: the answer, or what the provider says of it, cannot be believed
    """
    with refusing():
        code_flow.check_issuer(client.issuer, answer.get("iss"), until=until)
        tokens = code_flow.redeemed(
            client,
            code_flow.code_of(answer),
            verifier=asked.secrets.verifier,
            callback=asked.callback,
            until=until,
        )
        token = tokens.get("id_token")
        claims = id_tokens.verified(
            token,
            Wanted(
                issuer=client.issuer,
                client_id=client.client_id,
                nonce=asked.secrets.nonce,
                leeway=asked.clock_skew,
                access_token=tokens.get("access_token"),
                proved_since=asked.proved_since,
            ),
            documents=provider_documents.of(client.issuer),
            until=until,
            now=now,
        )
        # The ID token has the last word: it is signed.
        said = {**code_flow.userinfo(client.issuer, tokens, claims, until=until), **claims}
        return _arrival(claims, said, hint=str(token), now=now)


def _arrival(
    claims: Mapping[str, Any], said: Mapping[str, Any], *, hint: str, now: datetime
) -> Arrival:
    """Read how and when somebody proved themselves in the token only, the rest in all claims."""
    proved_at = claims.get("auth_time")
    return Arrival(
        subject=statements.subject_of(claims.get("sub")),
        attributes=attributes(said),
        methods=_methods(claims.get("amr")),
        authenticated_at=None
        if proved_at is None
        else min(datetime.fromtimestamp(max(proved_at, 0), tz=UTC), now),
        session_index=session_of(claims),
        hint=hint if len(hint) <= _LONGEST_HINT else "",
        # Some providers write it as text.
        email_verified=said.get("email_verified") in (True, "true"),
    )


def session_of(said: Mapping[str, Any]) -> str:
    """Return what a provider calls its session; empty if it does not say."""
    session = said.get("sid")
    is_text = isinstance(session, str) and session.isprintable()
    return str(session) if is_text and len(str(session)) <= _LONGEST_SESSION else ""


def attributes(said: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """
    Write claims as names with texts: lists become several, and ``{"a": {"b": 1}}`` is ``a.b``.

    What is not printable is left out, and so is what goes beyond all measure.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, value in _leaves(said, prefix="", depth=0):
        each = value if isinstance(value, list) else [value]
        texts = [text for one in each[:_MOST_VALUES] if (text := _text(one)) is not None]
        if texts and len(found) < _MOST_NAMES:
            found[name] = tuple(texts)
    return found


def _leaves(said: Mapping[str, Any], *, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in said.items():
        if not name.isprintable() or len(prefix) + len(name) > _LONGEST_VALUE:
            continue
        if isinstance(value, dict):
            if depth < _DEEPEST:
                yield from _leaves(value, prefix=f"{prefix}{name}.", depth=depth + 1)
        else:
            yield f"{prefix}{name}", value


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        value = str(value)
    is_plain = isinstance(value, str) and 0 < len(value) <= _LONGEST_VALUE and value.isprintable()
    return value if is_plain else None


def _methods(said: Any) -> tuple[str, ...]:
    if not isinstance(said, list):
        return ()
    known = [each for each in said if isinstance(each, str) and _METHOD.match(each)]
    return tuple(known[:_MOST_METHODS])
