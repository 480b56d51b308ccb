"""Endpoints as members manage them: made, shown, changed, paused, tested, deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import AuditRow, ChainHead
from plinto.kernel.environment import Address
from tests.accounts.organizations import ORGANIZATIONS, Club
from tests.audit.rows import told
from tests.webhooks.club_endpoints import URL, ClubEndpoint, sent
from webhooks.models import Attempt, Delivery, Endpoint, Position
from webhooks.services import endpoint_secrets

pytestmark = pytest.mark.usefixtures("transactional_db", "signing_key")


@pytest.fixture
def club(api) -> Club:
    return Club(api)


def listed(club, query=""):
    answer = club.as_(club.owner, "GET", f"/webhooks{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def actions(club):
    rows = AuditRow.objects.filter(organization_id=club.id, action__startswith="endpoint.")
    return [f"{row.action} {row.outcome}" for row in rows.order_by("occurred_at", "pk")]


def test_a_secret_is_shown_once_and_kept_sealed(club):
    receiver = ClubEndpoint(club)
    assert receiver.secret.startswith("whsec_")
    assert endpoint_secrets.in_force(receiver.row, now=timezone.now()) == [receiver.secret]
    assert receiver.secret.encode() not in bytes(receiver.row.secret)
    shown = [club.as_(club.owner, "GET", "/webhooks"), receiver.send("GET")]
    for answer in shown:
        assert receiver.id in answer.content.decode()
        assert "whsec_" not in answer.content.decode()
    assert shown[1].json() == {
        name: value for name, value in receiver.told.items() if name != "secret"
    }


def test_an_endpoint_is_told_of_what_happens_from_now_on(club):
    now = timezone.now()
    for chain, sequence in ((club.id, 41), (Club(club.api).id, 7)):
        ChainHead.objects.create(chain=chain, sequence=sequence, head_hash=b"x", moved_at=now)
    receiver = ClubEndpoint(club)
    [position] = Position.objects.filter(endpoint=receiver.id)
    assert (position.chain, position.sequence) == (club.id, 41)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://example.com/"}, {"url": "https://example.com:8443/"}, {"url": "x"},
        {"url": "https://ada:pw@example.com/"}, {"url": "https://example.com/#x"}, {"url": ""},
        {"url": "https://exa mple.com/"}, {"url": "https://b\u00fccher.example/"}, {"url": [URL]},
        {"url": "ftp://example.com/"}, {"url": "https:///x"}, {"url": "https://h/" + "x" * 2040},
        {"events": []}, {"events": "*"}, {"events": [["*"]]}, {"events": ["member"]},
        {"events": ["audit.recorded"]}, {"events": ["webhook.test"]}, {"events": ["nobody.*"]},
        {"description": ["x"]}, {"description": "a\nb"}, {"description": "x" * 201},
        {"secret": "whsec_mine"}, {"organization": None}, {"state": "paused"},
    ],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_refused(club, wrong):
    body = {"url": URL, "events": ["*"], **wrong}
    answer = club.as_(club.owner, "POST", "/webhooks", body)
    assert answer.status_code == 422, answer.content
    [field] = answer.json()["details"]["fields"]
    assert field.split(".")[0] == next(iter(wrong))
    assert not Endpoint.objects.exists()


def test_where_a_name_leads_is_judged_when_something_is_sent_and_not_here(club):
    assert ClubEndpoint(club, url="https://127.0.0.1/").row.url == "https://127.0.0.1/"


def test_an_operator_opens_the_way_to_a_server_of_theirs(club, settings):
    settings.OUTBOUND_ALLOWED = {Address("hooks.intern", 8080)}
    assert (
        ClubEndpoint(club, url="http://hooks.intern:8080/in").row.url
        == "http://hooks.intern:8080/in"
    )
    body = {"url": "http://hooks.intern/in", "events": ["*"]}
    assert club.as_(club.owner, "POST", "/webhooks", body).status_code == 422


def test_what_changes_is_told_without_what_may_be_secret_or_about_somebody(club):
    receiver = ClubEndpoint(club, description="ask ada@example.com")
    changed = receiver.change(
        url="https://example.org/another-secret", events=["role.*", "role.*"], description="Bob"
    )
    assert (changed.status_code, changed.json()["events"]) == (200, ["role.*"])
    receiver.send("POST", "/rotate-secret")
    receiver.send("DELETE")
    assert actions(club) == [
        f"endpoint.{act} success" for act in ("created", "updated", "secret_rotated", "deleted")
    ]
    rows = AuditRow.objects.filter(action__startswith="endpoint.")
    updated = told(rows.get(action="endpoint.updated")).changes
    assert updated == {
        "url": ["https://example.com/…", "https://example.org/…"],
        "events": [["member.*"], ["role.*"]],
        "description": [True, True],
    }
    said = " ".join(f"{row.changes} {told(row)}" for row in rows)
    for secret in ("whsec_", "secret-path", "another-secret", "ada@example.com", "Bob"):
        assert secret not in said


def test_a_change_that_changes_nothing_is_no_act(club):
    receiver = ClubEndpoint(club)
    assert receiver.change().status_code == 200
    assert receiver.change(url=URL, events=["member.*"], state="active").status_code == 200
    assert actions(club) == ["endpoint.created success"]


def test_a_paused_endpoint_keeps_its_place_and_goes_on_without_its_failures(club):
    receiver = ClubEndpoint(club)
    ages = timezone.now() - timedelta(days=4)
    Endpoint.objects.update(failing_since=ages)
    Position.objects.update(sequence=7)
    paused = receiver.change(state="paused").json()
    assert (paused["state"], paused["paused_because"]) == ("paused", "by_hand")
    assert paused["paused_at"] > paused["failing_since"]
    assert receiver.change(state="paused").json() == paused
    enabled = receiver.send("POST", "/enable").json()
    assert (enabled["state"], enabled["paused_at"], enabled["failing_since"]) == (
        "active",
        None,
        None,
    )
    assert Position.objects.get().sequence == 7
    assert receiver.send("POST", "/enable").json() == enabled
    assert actions(club)[1:] == ["endpoint.paused success", "endpoint.enabled success"]


def test_another_address_has_not_failed_yet(club):
    receiver = ClubEndpoint(club)
    Endpoint.objects.update(failing_since=timezone.now())
    assert receiver.change(description="the same").json()["failing_since"]
    assert receiver.change(url="https://example.org/").json()["failing_since"] is None


def test_a_test_goes_to_the_endpoint_that_is_tested_alone(club):
    receiver, _other = ClubEndpoint(club), ClubEndpoint(club)
    answer = receiver.send("POST", "/test")
    assert answer.status_code == 202
    delivery = Delivery.objects.get()
    row = AuditRow.objects.get(action="endpoint.tested")
    assert (str(delivery.endpoint_id), delivery.type) == (receiver.id, "webhook.test")
    assert delivery.event_id == row.pk
    assert (row.target_id, row.organization_id) == (receiver.id, club.id)
    assert answer.json() == receiver.deliveries()["results"][0]
    assert answer.json()["state"] == "pending"


def test_nothing_is_sent_to_a_paused_endpoint_by_a_test_either(club):
    receiver = ClubEndpoint(club)
    receiver.change(state="paused")
    answer = receiver.send("POST", "/test")
    assert (answer.status_code, answer.json()["error"]) == (409, "ENDPOINT_PAUSED")
    assert not Delivery.objects.exists()
    assert actions(club)[-1] == "endpoint.tested refused"


def test_an_endpoint_takes_along_what_was_sent_to_it_however_much(club):
    receiver, kept = ClubEndpoint(club), ClubEndpoint(club)
    template, other = sent(receiver.id), sent(kept.id)
    columns = {
        field.attname: getattr(template, field.attname)
        for field in Delivery._meta.concrete_fields
        if field.attname not in {"id", "event_id"}
    }
    Delivery.objects.bulk_create(
        (Delivery(event_id=f"{number:032x}", **columns) for number in range(1_100)), batch_size=500
    )
    assert receiver.send("DELETE").status_code == 204
    assert [each.pk for each in Delivery.objects.all()] == [other.pk]
    assert Attempt.objects.count() == 1
    assert receiver.send("GET").status_code == receiver.send("DELETE").status_code == 404
    assert actions(club)[-2:] == ["endpoint.deleted success", "endpoint.deleted refused"]


def test_the_endpoints_of_an_organization_end_with_it(club):
    receiver = ClubEndpoint(club)
    sent(receiver.id)
    assert club.as_(club.owner, "DELETE").status_code == 204
    for table in (Endpoint, Position, Delivery, Attempt):
        assert not table.objects.exists()


def test_whoever_may_only_read_changes_nothing(club):
    receiver, reader = ClubEndpoint(club), club.holding("webhooks:read")
    before = Endpoint.objects.values().get()
    assert receiver.send("GET", by=reader).status_code == 200
    for method, tail, body in [
        ("PATCH", "", {"state": "paused"}), ("DELETE", "", None), ("POST", "/test", None),
        ("POST", "/rotate-secret", None), ("POST", "/enable", None),
        ("POST", "/redeliver", {"since": "2026-01-01T00:00:00Z"}),
    ]:  # fmt: skip
        assert receiver.send(method, tail, body, by=reader).status_code == 403, tail
    assert Endpoint.objects.values().get() == before


def test_a_stranger_cannot_tell_an_endpoint_of_another_organization_from_none(api, club):
    receiver, other = ClubEndpoint(club), Club(api)
    nobody = "01900000-0000-7000-8000-000000000000"
    for method, tail, body in [
        ("GET", "", None), ("PATCH", "", {"description": "x"}), ("DELETE", "", None),
        ("POST", "/test", None), ("POST", "/rotate-secret", None), ("GET", "/deliveries", None),
    ]:  # fmt: skip
        answers = [
            api.send(method, f"{base}/webhooks/{key}{tail}", body, token=other.owner.access)
            for base, key in [(club.path, receiver.id), (other.path, receiver.id),
                              (f"{ORGANIZATIONS}/{nobody}", receiver.id), (other.path, nobody)]
        ]  # fmt: skip
        assert {answer.status_code for answer in answers} == {404}
        assert len({str({**answer.json(), "request_id": ""}) for answer in answers}) == 1
    assert endpoint_secrets.in_force(receiver.row, now=timezone.now()) == [receiver.secret]


def test_a_list_of_many_endpoints_costs_what_a_list_of_one_does(club):
    def cost():
        listed(club)  # what the person may do is known from here on
        with CaptureQueriesContext(
            connection,
        ) as found:
            listed(club)
        return len(found)

    ClubEndpoint(club)
    before = cost()
    ids = [ClubEndpoint(club).id for _ in range(5)]
    assert cost() == before
    first = listed(club, "?limit=2")
    rest = listed(club, f"?limit=2&cursor={first['next']}")
    assert [each["id"] for each in first["results"] + rest["results"]] == ids[::-1][:4]
