"""SAML connections that are made of metadata: pasted, or at an address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit.models import AuditRow
from resilience import breakers
from sso.models import Connection, Refresh
from tests.accounts.organizations import Club
from tests.servers.website import Reply
from tests.sso.attacks.signing import armoured, key_of
from tests.sso.club_connections import ClubConnection
from tests.sso.publisher import ENTITY, Publisher, Said, publishing


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with publishing() as running:
        yield running


def asked(club: Club, **fields: Any) -> Any:
    return club.as_(club.owner, "POST", "/sso/saml", {"name": "Staff", **fields})


def refused(answer: Any) -> str:
    assert (answer.status_code, answer.json()["error"]) == (422, "SSO_METADATA_ERROR")
    return str(answer.json()["message"])


def breaker_names() -> set[str]:
    return {breaker.name for breaker in breakers.every()}


def pem(name: str) -> str:
    return armoured(key_of(name).certificate, "CERTIFICATE").decode()


def test_a_connection_is_made_of_metadata_that_are_pasted(club):
    told = ClubConnection(
        club, metadata_xml=Said(keys=(key_of("one"), key_of("two"))).xml().decode()
    ).told
    assert (told["entity_id"], told["sso_url"]) == (ENTITY, "https://idp.corp.example/sso")
    assert [each["subject"] for each in told["certificates"]] == ["CN=one", "CN=two"]
    assert told["metadata"] == {"fetched_at": None, "failing_since": None, "last_error": ""}
    assert not Refresh.objects.exists()


def test_a_connection_is_made_of_metadata_at_an_address(club, publisher):
    made = ClubConnection(club, metadata_url=publisher.url)
    assert made.told["entity_id"] == ENTITY
    assert made.told["metadata"]["fetched_at"] is not None
    row = Refresh.objects.get(connection=made.row)
    assert timedelta(minutes=49) < row.due_at - datetime.now(UTC) <= timedelta(hours=1)


def test_metadata_must_be_signed_by_the_key_that_is_pinned(club, publisher):
    pinned = {"metadata_url": publisher.url, "metadata_signer": pem("federation")}
    assert "signed" in refused(asked(club, **pinned))
    publisher.said.signer = key_of("somebody")
    assert "not by the key" in refused(asked(club, **pinned))
    publisher.said.signer = key_of("federation")
    answer = asked(club, **pinned)
    assert (answer.status_code, answer.json()["has_metadata_signer"]) == (201, True)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(status=404), "answered 404"),
        (Reply(status=302, headers={"Location": "/else"}), "answered 302"),
        (Reply(parts=(b"<html>",)), "cannot be used"),
        (Reply(parts=tuple(b"x" * 100_000 for _ in range(11))), "more than a megabyte"),
        (Reply(headers={"Content-Encoding": "gzip"}, parts=(b"x",)), "compressed"),
    ],
)
def test_what_an_address_says_instead_of_metadata_is_told_in_plain_words(
    club, publisher, reply, told
):
    publisher.reply = reply
    assert told in refused(asked(club, metadata_url=publisher.url))
    assert not Connection.objects.exists()


def test_nothing_inside_is_asked_for_metadata(club):
    message = refused(asked(club, metadata_url="https://127.0.0.1/metadata"))
    assert message == "The metadata cannot be used: the server was not asked."


def test_metadata_that_are_out_of_date_begin_nothing(club):
    old = Said(valid_until=datetime.now(UTC) - timedelta(days=1))
    assert "valid until" in refused(asked(club, metadata_xml=old.xml().decode()))


def test_a_connection_is_made_in_one_way_or_by_hand(club):
    for fields in (
        {},
        {"entity_id": ENTITY},
        {"metadata_xml": "<x/>", "metadata_url": "https://idp.corp.example/"},
        {"metadata_xml": "<x/>", "sso_url": "https://idp.corp.example/"},
    ):
        answer = asked(club, **fields)
        assert (answer.status_code, answer.json()["error"]) == (422, "VALIDATION_ERROR")


def test_other_metadata_of_the_same_provider_may_be_pasted(club):
    made = ClubConnection(club, metadata_xml=Said().xml().decode())
    other = Said(keys=(key_of("next"),), sso_url="https://idp.corp.example/other")
    answer = made.send("POST", "/metadata", {"metadata_xml": other.xml().decode()})
    assert answer.json()["sso_url"] == "https://idp.corp.example/other"
    row = AuditRow.objects.get(action="connection.metadata_changed")
    assert row.changes["certificates"][1] == [
        answer.json()["certificates"][0]["sha256_fingerprint"]
    ]
    stranger = Said(entity_id="https://evil.example/metadata")
    assert refused(made.send("POST", "/metadata", {"metadata_xml": stranger.xml().decode()}))
    assert made.shown() == answer.json()


def test_metadata_are_fetched_when_a_member_asks(club, publisher):
    by_hand = ClubConnection(club)
    assert by_hand.send("POST", "/metadata", {}).status_code == 422
    made = ClubConnection(club, metadata_url=publisher.url)
    publisher.said.keys = (key_of("idp"), key_of("next"))
    answer = made.send("POST", "/metadata", {})
    assert [each["subject"] for each in answer.json()["certificates"]] == ["CN=idp", "CN=next"]
    publisher.reply = Reply(status=500)
    assert "answered 500" in refused(made.send("POST", "/metadata", {}))
    assert made.shown() == answer.json()


def test_another_address_counts_once_it_says_the_same_provider(club, publisher):
    made = ClubConnection(club, metadata_xml=Said(keys=(key_of("idp"),)).xml().decode())
    publisher.said.entity_id = "https://evil.example/metadata"
    assert refused(made.change(metadata_url=publisher.url))
    assert made.shown()["metadata_url"] == ""
    publisher.said.entity_id = ENTITY
    changed = made.change(metadata_url=publisher.url)
    assert (changed.status_code, changed.json()["metadata_url"]) == (200, publisher.url)
    assert Refresh.objects.filter(connection=made.row).exists()
    # What would be overwritten within the hour is not taken.
    assert made.change(sso_url="https://idp.corp.example/mine").status_code == 422
    assert made.change(metadata_url="").status_code == 200
    assert not Refresh.objects.exists()
    assert made.change(sso_url="https://idp.corp.example/mine").status_code == 200


def test_the_same_address_again_asks_nobody_and_hides_no_failure(club, publisher):
    made = ClubConnection(club, metadata_url=publisher.url)
    Refresh.objects.update(failing_since=datetime.now(UTC), last_error="status 500")
    before = publisher.times_asked
    assert made.change(metadata_url=publisher.url, name="Another").status_code == 200
    assert publisher.times_asked == before
    assert made.shown()["metadata"]["last_error"] == "status 500"


def test_fetching_is_limited_for_each_person(club, publisher):
    made = ClubConnection(club, metadata_url=publisher.url)
    got = [made.send("POST", "/metadata", {}).status_code for _ in range(30)]
    assert got == [200] * 29 + [429]


def test_who_may_not_write_has_nothing_fetched(club, publisher):
    reader = club.holding("sso:read")
    body = {"name": "Staff", "metadata_url": publisher.url}
    assert club.as_(reader, "POST", "/sso/saml", body).status_code == 403
    assert publisher.times_asked == 0


def test_an_address_that_fails_is_left_alone_and_no_other_of_its_host(club, publisher):
    # Of other tests, one of which may have had this very port.
    known = breaker_names()
    publisher.reply = Reply(status=500)
    for _ in range(6):
        told = refused(asked(club, metadata_url=publisher.url))
    assert told == "The metadata cannot be used: the server was not asked."
    assert publisher.times_asked == 5
    publisher.reply = None
    # Whoever names an address of somebody else's host takes nothing from them.
    assert asked(club, metadata_url=f"{publisher.url}?of=another").status_code == 201
    host = f"http:127.0.0.1:{publisher.site.port}"
    assert host not in breaker_names() - known
