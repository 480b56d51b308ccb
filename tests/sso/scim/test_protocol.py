"""What SCIM promises besides its resources: pages, versions, attributes, shapes of refusals."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.test import Client

from accounts.models import Organization
from resilience import policies
from sso.models import ScimUser
from tests.accounts.comers import entered
from tests.accounts.organizations import Club
from tests.sso.scim.provider import SCIM, USER, Provider, operated

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@pytest.fixture
def provider(club) -> Provider:
    return Provider(club)


def test_pages_are_stable_and_tell_how_many_there_are(provider):
    names = [provider.user(f"user{number}")["userName"] for number in range(5)]
    first = provider.find("Users", startIndex="1", count="2")
    last = provider.find("Users", startIndex="4", count="2")

    assert (first["totalResults"], first["itemsPerPage"], first["startIndex"]) == (5, 2, 1)
    assert [each["userName"] for each in first["Resources"]] == names[:2]
    assert [each["userName"] for each in last["Resources"]] == names[3:]
    assert provider.find("Users", count="0")["totalResults"] == 5
    assert provider.find("Users", startIndex="-3", count="1")["startIndex"] == 1
    far = provider.find("Users", startIndex="9" * 30)
    assert (far["totalResults"], far["Resources"]) == (5, [])


def test_a_list_takes_as_many_statements_however_long_it_is(
    provider, django_assert_max_num_queries
):
    group = provider.group("poets", *(provider.user(f"user{number}") for number in range(20)))
    with django_assert_max_num_queries(12):
        assert provider.find("Users")["totalResults"] == 20
    with django_assert_max_num_queries(12):
        assert provider.find("Groups")["totalResults"] == 1
    path = f"/Groups/{group['id']}?excludedAttributes=members"
    with django_assert_max_num_queries(12):
        assert provider.get(path).status_code == 200


def test_only_what_is_asked_for_is_told(provider):
    someone = provider.user("ada", title="Countess", name={"givenName": "Ada"})
    path = f"/Users/{someone['id']}"

    told = provider.get(f"{path}?attributes=name.givenName").json()
    assert {name for name in told if name not in {"id", "schemas"}} == {"name"}
    assert "title" not in provider.get(f"{path}?excludedAttributes=title,meta").json()
    assert provider.get(f"{path}?attributes=a&excludedAttributes=b").status_code == 400


def test_versions_keep_writers_from_undoing_each_other(provider):
    someone = provider.user("ada")
    path, tag = f"/Users/{someone['id']}", someone["meta"]["version"]
    assert provider.get(path).headers["ETag"] == tag
    assert provider.get(path, **{"If-None-Match": tag}).status_code == 304

    change = operated({"op": "add", "path": "title", "value": "Countess"})
    seen = {"If-Match": tag}
    assert provider.send("PATCH", path, change, seen).status_code == 200
    assert provider.get(path, **{"If-None-Match": tag}).status_code == 200
    again = operated({"op": "add", "path": "title", "value": "Poet"})
    for refused in (
        provider.send("PATCH", path, again, seen),
        provider.send("PUT", path, {"schemas": [USER], "userName": "ada"}, seen),
        provider.send("DELETE", path, headers=seen),
    ):
        assert (refused.status_code, refused.json()["status"]) == (412, "412")
    assert provider.send("DELETE", path, headers={"If-Match": "*"}).status_code == 204


def test_a_change_that_changes_nothing_makes_no_new_version(provider):
    someone = provider.user("ada", title="Countess")
    told = provider.patch("Users", someone, {"op": "add", "path": "title", "value": "Countess"})

    assert told.json()["meta"]["version"] == someone["meta"]["version"]


def test_addresses_of_resources_come_from_the_deployment_and_not_from_the_request(provider):
    someone = provider.user("ada")
    told = provider.get(
        f"/Users/{someone['id']}", Host="evil.example", **{"X-Forwarded-Host": "evil.example"}
    )

    assert told.status_code in {200, 400}
    assert b"evil" not in told.content
    assert someone["meta"]["location"] == f"http://localhost:8000{SCIM}/Users/{someone['id']}"


def test_every_refusal_has_the_shape_of_scim(api, provider, settings):
    someone = provider.user("ada")
    deep = "[" * 100_000
    refusals = {
        401: api.get(f"{SCIM}/Users"),
        404: provider.get("/Nothing"),
        405: provider.send("PUT", "/Users", {}),
        413: provider.send("POST", "/Users", "x" * 2_000_000),
        415: api.post(f"{SCIM}/Users", "a=b", token=provider.token, content_type="text/plain"),
        400: provider.send("POST", "/Users", deep),
        412: provider.send("DELETE", f"/Users/{someone['id']}", headers={"If-Match": '"9"'}),
    }

    for status, answer in refusals.items():
        told = answer.json()
        assert (answer.status_code, told["status"], told["schemas"]) == (
            *(status, str(status)),
            [ERROR],
        )
        assert answer.headers["Content-Type"] == "application/scim+json"
        assert answer.headers["X-Request-ID"]
    assert refusals[401].headers["WWW-Authenticate"] == "Bearer"
    assert "GET" in refusals[405].headers["Allow"]


@pytest.mark.parametrize("path", ["/Me", "/Bulk", "/Users/nobody", "/Groups/1", "/Schemas/x"])
def test_what_is_not_there_is_told_in_the_shape_of_scim(provider, path):
    told = provider.get(path)

    assert (told.status_code, told.json()["schemas"]) == (404, [ERROR])


def test_hostile_bodies_are_refused_and_never_an_error_of_ours(provider):
    bodies = [
        *('{"userName": "a\\u0000"}', '{"userName": "\\ud800"}', "[]", '"x"', "null", "{", ""),
        *('{"userName": ["a"]}', '{"userName": {"a": 1}}', '{"userName": 1}', '{"nope": 1}'),
        *('{"userName": "a", "emails": "a@b.example"}', '{"userName": "a", "active": [true]}'),
        *('{"userName": "  "}', '{"userName": ""}', f'{{"userName": "{"x" * 300}"}}'),
        f'{{"userName": "a", "title": "{"x" * 40_000}"}}',
        f'{{"userName": "a", "roles": [{",".join(["{}"] * 11)}]}}'.replace("{}", '{"value": "r"}'),
        '{"userName": "a", "name": ' + '{"name": ' * 500 + "1" + "}" * 501,
        '{"userName": "a", "externalId": "' + "y" * 256 + '"}',
    ]
    answers = [provider.send("POST", "/Users", body) for body in bodies]

    assert {answer.status_code for answer in answers} == {400}
    assert not ScimUser.objects.exists()


def test_a_token_has_a_limit_of_its_own(api, provider, settings):
    other = Provider(Club(api, entered()))
    settings.RATE_LIMITS = policies.chosen(["scim.key=4/60s"], processes=2)
    answers = [provider.get("/Users?count=0") for _ in range(6)]

    assert [answer.status_code for answer in answers][:2] == [200, 200]
    told = answers[-1]
    assert (told.status_code, told.json()["status"]) == (429, "429")
    assert int(told.headers["Retry-After"]) >= 1
    assert other.get("/Users?count=0").status_code == 200


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer and no row locks")
def test_a_busy_database_is_told_in_the_shape_of_scim(club, provider):
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Organization.objects.select_for_update().get(pk=club.id)
            held.set()
            over.wait(30)
        connection.close()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(hold)
        assert held.wait(30)
        try:
            answer = provider.send("POST", "/Users", {"schemas": [USER], "userName": "ada"})
        finally:
            over.set()

    assert (answer.status_code, answer.json()["status"]) == (503, "503")
    assert int(answer.headers["Retry-After"]) >= 1
    assert not ScimUser.objects.exists()


def test_json_by_its_plain_name_is_read_too(club: Club):
    provider = Provider(club)
    answer = Client().post(
        f"{SCIM}/Users",
        {"schemas": [USER], "userName": "ada"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {provider.token}"},
    )

    assert answer.status_code == 201
    assert answer.headers["Location"] == answer.json()["meta"]["location"]
