"""Programs manage endpoints with a key of the organization, within its scopes and its life."""

from __future__ import annotations

import pytest

from accounts.models import Organization
from audit.models import AuditRow
from tests.accounts.key_holders import made
from tests.accounts.organizations import Club
from tests.webhooks.club_endpoints import URL, ClubEndpoint
from webhooks.models import Endpoint

pytestmark = pytest.mark.usefixtures("transactional_db", "signing_key")
BODY = {"url": URL, "events": ["*"], "description": "ask ada@example.com"}


@pytest.fixture
def club(api) -> Club:
    return Club(api)


def test_a_program_makes_rotates_and_deletes_and_the_trail_names_its_key(api, club):
    key = made(club, "webhooks:*")
    answer = api.post(f"{club.path}/webhooks", BODY, token=key.text)
    assert answer.status_code == 201, answer.content
    path = f"{club.path}/webhooks/{answer.json()['id']}"
    rotated = api.post(f"{path}/rotate-secret", token=key.text)
    assert rotated.json()["secret"] != answer.json()["secret"]
    assert api.post(f"{path}/test", token=key.text).status_code == 202
    assert api.get(f"{path}/deliveries", token=key.text).json()["results"]
    assert api.delete(path, token=key.text).status_code == 204
    rows = AuditRow.objects.filter(action__startswith="endpoint.").order_by("pk")
    assert {(row.actor_kind, row.actor_id, row.session_id) for row in rows} == {
        ("api_key", key.id, None)
    }
    assert rows.count() == 4
    assert not [row for row in rows if "@" in f"{row.personal} {row.changes}"]


def test_a_key_does_what_its_scopes_say(api, club):
    receiver, reader = ClubEndpoint(club), made(club, "webhooks:read", "audit:read")
    assert receiver.send("GET", token=reader.text).status_code == 200
    refused = receiver.send("DELETE", token=reader.text)
    assert (refused.status_code, refused.json()["error"]) == (403, "INSUFFICIENT_SCOPE")
    assert 'scope="webhooks:write"' in refused.headers["WWW-Authenticate"]
    assert Endpoint.objects.exists()


def test_a_key_of_another_organization_finds_nothing(api, club):
    receiver, foreign = ClubEndpoint(club), made(Club(api), "webhooks:*")
    for method, tail, body in [("GET", "", None), ("PATCH", "", {"state": "paused"}),
                               ("DELETE", "", None), ("POST", "/rotate-secret", None)]:  # fmt: skip
        assert receiver.send(method, tail, body, token=foreign.text).status_code == 404
    answer = api.post(f"{club.path}/webhooks", BODY, token=foreign.text)
    assert (answer.status_code, Endpoint.objects.count()) == (404, 1)


@pytest.mark.parametrize("is_there", [True, False], ids=["redis-up", "redis-gone"])
def test_a_key_that_ended_changes_nothing_more(api, club, request, is_there):
    receiver, key, narrowed = ClubEndpoint(club), made(club, "webhooks:*"), made(club, "webhooks:*")
    for each in (key, narrowed):
        assert receiver.send("GET", token=each.text).status_code == 200
    if not is_there:
        request.getfixturevalue("redis_server").kill()
    assert key.delete().status_code == 204
    assert narrowed.change(scopes=["webhooks:read"]).status_code == 200
    for each, expected in ((key, 401), (narrowed, 403)):
        answer = receiver.send("PATCH", "", {"state": "paused"}, token=each.text)
        assert answer.status_code == expected
    assert receiver.row.state == "active"


def test_a_key_needs_no_second_factor_where_members_do(api, club):
    receiver, key = ClubEndpoint(club), made(club, "webhooks:*")
    Organization.objects.filter(pk=club.id).update(mfa_required_from="2026-01-01T00:00:00Z")
    assert receiver.change(description="by her").status_code == 403
    answer = receiver.send("PATCH", "", {"description": "by it"}, token=key.text)
    assert answer.status_code == 200
