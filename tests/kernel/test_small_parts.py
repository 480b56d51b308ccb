"""Identifiers, logs, the service registry and the names of errors."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from plinto.kernel import exceptions, randomness, services
from plinto.kernel.exceptions import PlintoException
from plinto.kernel.ids import uuid7
from plinto.kernel.logs import REDACTED, redact


def test_identifiers_grow_and_are_version_7():
    minted = [uuid7() for _ in range(5000)]

    assert minted == sorted(minted)
    assert len(set(minted)) == 5000
    assert {(each.version, each.variant) for each in minted} == {(7, "specified in RFC 4122")}
    assert abs((minted[0].int >> 80) - time.time() * 1000) < 5000


def test_identifiers_of_many_threads_differ():
    with ThreadPoolExecutor(8) as pool:
        minted = list(pool.map(lambda _: uuid7(), range(8000)))

    assert len(set(minted)) == 8000


def test_random_bytes_are_handed_out_once():
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: randomness.take(8), range(20_000)))
    assert len(set(taken)) == len(taken)
    assert {len(each) for each in taken} == {8}


def test_a_forked_process_hands_out_other_random_bytes_than_its_parent():
    randomness.take(8)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, randomness.take(8))
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 8) != randomness.take(8)
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "hunter2"),
        ("refresh", "plr_x"),
        ("code", "123456"),
        ("Authorization", "Basic abc"),
        ("set-cookie", "a=b"),
        ("event", "got Bearer abc.def.ghi from somebody"),
        ("url", "/verify?t=plv_0123456789abcdef0123"),
        ("path", "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
        ("body", {"inner": {"new_password": "hunter2"}}),
    ],
)
def test_secrets_are_taken_out_of_logs(name, value):
    cleaned = redact(None, "info", {name: value})

    assert REDACTED in str(cleaned)
    assert not any(secret in str(cleaned) for secret in ("hunter2", "123456", "abc", "0123456"))


def test_ordinary_values_are_logged_as_they_are():
    event = {"path": "/api/v1/me", "status": 200, "event": "request.answered", "n": None}

    assert redact(None, "info", event) == event


def test_a_service_is_built_once_and_can_be_replaced_for_a_while():
    class Port:
        pass

    services.register(Port, Port)
    first = services.get(Port)
    other = Port()
    with services.override(Port, other):
        assert services.get(Port) is other
    assert services.get(Port) is first


def every_exception(kind: type = PlintoException) -> list[type[PlintoException]]:
    return [kind, *(each for sub in kind.__subclasses__() for each in every_exception(sub))]


def test_every_code_is_the_name_in_capitals_and_tells_no_reason():
    told = {each.error_code for each in every_exception() if each is not PlintoException}

    assert {"INVALID_CREDENTIALS", "AUTHENTICATION_ERROR", "SSO_METADATA_ERROR"} <= told
    assert all(code == code.upper() for code in told)
    error = exceptions.ConflictError("Taken.", reason="internal")
    assert error.to_dict() == {
        "error": "CONFLICT_ERROR",
        "message": "Taken.",
        "details": {},
        "status_code": 409,
    }
