"""What a process keeps of a provider, how long, and what a slow one costs a browser."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest
from joserfc import jwk

from accounts.services.provider_documents import Documents
from accounts.services.statements import StatementRefused
from tests.accounts.travellers import APP, come_back, sent_to
from tests.servers.identity_provider import Person
from tests.servers.website import Reply

DISCOVERY = "/.well-known/openid-configuration"
HOUR, MINUTE = 3600.0, 60.0


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def documents(idp, clock) -> Documents:
    return Documents(idp.url, clock=clock)


def names(documents: Documents, *, is_stale: bool = False) -> list[str]:
    keys = documents.keys(until=time.monotonic() + 5, is_stale=is_stale)
    return [str(key.kid) for key in keys]


def test_documents_are_kept_for_an_hour(documents, idp, clock):
    for _ in range(3):
        assert names(documents) == ["first"]
    assert (idp.asked(DISCOVERY), idp.asked("/keys")) == (1, 1)
    clock.now += HOUR
    names(documents)
    assert (idp.asked(DISCOVERY), idp.asked("/keys")) == (2, 2)


def test_what_was_said_last_holds_while_the_provider_is_away(documents, idp, clock):
    names(documents)
    idp.broken = {"/keys": Reply(500), DISCOVERY: Reply(parts=(b"nonsense",))}
    for _ in range(3):
        clock.now += HOUR
        assert names(documents) == ["first"]
    idp.broken = {}
    clock.now += MINUTE
    idp.published = [jwk.generate_key("EC", "P-256", {"kid": "second"})]
    assert names(documents) == ["second"]


def test_a_provider_that_fails_is_asked_once_a_minute_and_not_by_every_request(
    documents, idp, clock
):
    names(documents)
    clock.now += HOUR
    idp.broken = {"/keys": Reply(500)}
    for _ in range(5):
        names(documents)
    assert idp.asked("/keys") == 2


def test_a_new_key_is_found_a_minute_after_the_last_question(documents, idp, clock):
    names(documents)
    idp.published = [jwk.generate_key("EC", "P-256", {"kid": "second"})]
    assert names(documents, is_stale=True) == ["first"]
    clock.now += MINUTE
    assert names(documents, is_stale=True) == ["second"]
    assert names(documents) == ["second"]


def test_what_was_never_said_is_refused(documents, idp):
    idp.broken = {DISCOVERY: Reply(404)}
    with pytest.raises(StatementRefused):
        names(documents)


def test_a_key_that_cannot_be_read_does_not_spoil_the_others(documents, idp):
    whole = idp.published[0].as_dict(private=False)
    bad = [{"kty": "RSA"}, {"kty": "EC", "crv": "P-256", "x": 1}, {"kty": "new"}, "x", None]
    idp.published = []
    idp.broken = {"/keys": Reply(parts=(keys_of([*bad, {**whole, "use": "enc"}, whole]),))}
    assert names(documents) == ["first"]


def keys_of(listed: list) -> bytes:
    return json.dumps({"keys": listed}).encode()


def test_a_provider_that_drips_does_not_hold_a_browser_for_ever(api, idp):
    over = threading.Event()

    def drip() -> Iterator[bytes]:
        while not over.wait(0.2):
            yield b" "

    answer = idp.approve(sent_to(api), Person())
    idp.broken = {"/token": Reply(parts=drip())}
    back = come_back(api, answer)
    over.set()
    # It would drip for ever: that there is an answer at all is what the patience brought.
    assert back["Location"] == f"{APP}&error=provider_unavailable"


def test_beginning_counts_as_signing_in_does(api, idp, limited, here):
    limited("login.address=2/60s")
    path, body = "/api/v1/auth/social/acme/start", {"redirect_uri": APP}
    statuses = [api.post(path, body, address=here).status_code for _ in range(3)]
    # Without Redis half of it is what there is.
    assert (statuses[0], statuses[-1]) == (200, 429)
