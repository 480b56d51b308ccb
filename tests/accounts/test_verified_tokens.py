"""A signature is computed once, and spares nobody any other check."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from django.core.management import call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import SigningKey
from accounts.services import tokens
from accounts.services.keys import ring
from accounts.services.tokens import JWTService, verified_tokens
from accounts.services.verified_tokens import Claims, Verified, VerifiedTokens
from plinto.kernel import services
from resilience import measures
from resilience.readings import Reading, readings
from tests.accounts.people import Person, signed_in
from tests.accounts.test_access_tokens import claims_of, forged

KEY = object()
NOBODY = Claims(UUID(int=0), UUID(int=0))
NOW = datetime(2026, 1, 1, tzinfo=UTC)
IN_AN_HOUR = int(NOW.timestamp()) + 3600


@pytest.fixture
def ada(api) -> Person:
    """Somebody whose token was verified before."""
    person = signed_in(api)
    assert status(api, person.access) == 200
    return person


def status(api, token: str) -> int:
    return api.get("/api/v1/me", token=token).status_code


def found() -> dict[str, float]:
    figures = dict(readings(""))
    return {way: figures[Reading(measures.TOKEN_READS, (way,))] for way in ("hit", "miss")}


def test_a_token_that_comes_again_is_not_verified_again(api, ada):
    before = found()

    assert status(api, ada.access) == 200

    assert found() == {**before, "hit": before["hit"] + 1}


def test_a_session_that_was_ended_is_refused_at_its_next_request(api, ada):
    other = signed_in(api, user=ada.user)
    assert api.delete(f"/api/v1/sessions/{ada.session_id}", token=other.access).status_code == 204

    assert status(api, ada.access) == 401


def test_a_withdrawn_key_takes_what_it_verified_along(api, ada):
    call_command("rotate_signing_key", "--revoke", verbosity=0)

    assert status(api, ada.access) == 401


def test_a_key_whose_time_is_over_takes_what_it_verified_along(api, ada):
    call_command("rotate_signing_key", "--now", verbosity=0)
    old = SigningKey.objects.exclude(published_until=None)
    assert old.update(published_until=timezone.now() - timedelta(seconds=1)) == 1
    ring.forget()

    assert status(api, ada.access) == 401


def test_reading_the_ring_anew_costs_nobody_a_signature(api, ada):
    ring.forget()
    before = found()

    assert status(api, ada.access) == 200

    assert found()["miss"] == before["miss"]


def test_a_verified_token_expires_on_its_second(ada):
    ends_at = datetime.fromtimestamp(claims_of(ada.access)["exp"], tz=UTC)
    raw = ada.access.encode()

    assert verified_tokens.find(raw, now=ends_at) is None
    assert verified_tokens.find(raw, now=ends_at - timedelta(seconds=1)) is None  # it was dropped


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_token_that_differs_in_one_bit_is_another_one(api, ada, part):
    parts = ada.access.split(".")
    changed = bytearray(parts[part].encode())
    changed[len(changed) // 2] ^= 1
    parts[part] = changed.decode("latin-1")

    assert status(api, ".".join(parts)) == 401
    assert status(api, ada.access) == 200


def test_refused_tokens_are_not_kept(api, ada):
    before = len(verified_tokens)
    expired = forged({**claims_of(ada.access), "exp": int(time.time()) - 1})

    assert [status(api, token) for token in (expired, ada.access + "A", "junk")] == [401] * 3

    assert len(verified_tokens) == before


def test_more_people_than_there_are_places_are_still_who_they_are(api):
    few = VerifiedTokens(tokens.public_key, most=2)
    everybody = [signed_in(api) for _ in range(4)]

    with services.override(JWTService, JWTService(few)):
        answers = [api.get("/api/v1/me", token=person.access) for person in everybody * 2]

    assert [answer.json()["id"] for answer in answers] == [
        str(person.user.pk) for person in everybody * 2
    ]
    assert len(few) == 2


def test_a_process_that_is_forked_begins_with_nothing_and_no_lock_of_its_parent():
    parent = VerifiedTokens(lambda *_: KEY)
    parent.keep(b"token", Verified(NOBODY, kid="k", public=KEY, ends_at=IN_AN_HOUR))
    with parent._lock:
        child = os.fork()
        if child == 0:
            os._exit(parent.find(b"token", now=NOW) is not None)
    assert os.waitpid(child, 0)[1] == 0
    assert parent.find(b"token", now=NOW) is NOBODY


def test_what_is_kept_names_no_token():
    kept = VerifiedTokens(lambda *_: KEY)
    kept.keep(b"a secret", Verified(NOBODY, kid="k", public=KEY, ends_at=IN_AN_HOUR))

    assert list(kept._entries) == [sha256(b"a secret").digest()]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), max_size=60), st.integers(1, 5))
def test_the_tokens_that_were_used_last_are_kept_and_no_more(steps, most):
    kept, model = VerifiedTokens(lambda *_: KEY, most=most), OrderedDict[int, None]()
    for is_read, number in steps:
        raw = str(number).encode()
        if is_read:
            assert (kept.find(raw, now=NOW) is not None) == (number in model)
        else:
            kept.keep(raw, Verified(NOBODY, kid="k", public=KEY, ends_at=IN_AN_HOUR))
        if not is_read or number in model:
            model[number] = None
            model.move_to_end(number)
        if len(model) > most:
            model.popitem(last=False)
        assert len(kept) == len(model) <= most
