"""The token of an organization's provisioning: what it opens, and when it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditRow
from sso.models import ScimToken, ScimUser
from tests.accounts.comers import entered
from tests.accounts.key_holders import made
from tests.accounts.organizations import Club
from tests.sso.scim.provider import SCIM, Provider


def ask(api, token: str, path: str = f"{SCIM}/Users"):
    return api.get(path, token=token)


def test_a_token_is_shown_once_and_its_row_does_not_hold_it(club):
    provider = Provider(club)
    shown = club.as_(club.owner, "GET", "/scim/token").json()

    assert shown["hint"] == provider.token[:8]
    assert shown["base_url"] == "http://localhost:8000/scim/v2"
    assert "token" not in shown
    assert provider.token.encode() not in bytes(ScimToken.objects.get().digest)


def test_another_token_ends_the_former_one_at_once(api, club):
    first, second = Provider(club), Provider(club)

    assert ask(api, first.token).status_code == 401
    assert ask(api, second.token).status_code == 200


def test_a_deleted_token_opens_nothing_and_the_trail_tells_who_did_it(api, club):
    provider = Provider(club)
    assert club.as_(club.owner, "DELETE", "/scim/token").status_code == 204

    assert ask(api, provider.token).status_code == 401
    assert club.as_(club.owner, "GET", "/scim/token").status_code == 404
    row = AuditRow.objects.get(action="scim_token.deleted")
    assert row.actor_id == str(club.owner.user.pk)


def test_the_token_of_a_deleted_organization_opens_nothing(api, club):
    provider = Provider(club)
    provider.group("poets", provider.user("ada"))
    assert club.as_(club.owner, "DELETE").status_code == 204

    assert ask(api, provider.token).status_code == 401
    assert not ScimUser.objects.exists()


def test_when_a_token_was_used_is_written_once_a_minute(club):
    provider = Provider(club)
    provider.get("/Users")
    first = ScimToken.objects.get().last_used_at
    provider.get("/Users")
    assert ScimToken.objects.get().last_used_at == first

    ScimToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    provider.get("/Users")
    assert ScimToken.objects.get().last_used_at > first


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/organizations", "/api/v1/auth/verify"])
def test_a_token_opens_nothing_but_scim(api, club, path):
    assert api.get(path, token=Provider(club).token).status_code in {401, 404}


def test_nothing_but_a_token_opens_scim(api, club):
    person, key = entered(), made(club, "sso:*", "members:*")
    tokens = (person.access, person.refresh, key.text, "plp_", f"plp_{'x' * 43}", "", None)

    assert {ask(api, token).status_code for token in tokens} == {401}


def test_one_organization_sees_nothing_of_another(api, club):
    mine, theirs = Provider(club), Provider(Club(api, entered()))
    ada = theirs.user("ada")
    group = theirs.group("poets", ada)
    bob = mine.user("bob")

    assert mine.find("Users")["totalResults"] == 1
    assert mine.get(f"/Users/{ada['id']}").status_code == 404
    assert mine.switch(ada, active=False).status_code == 404
    assert mine.send("DELETE", f"/Users/{ada['id']}").status_code == 404
    assert mine.get(f"/Groups/{group['id']}").status_code == 404
    add = {"op": "add", "path": "members", "value": [{"value": ada["id"]}]}
    assert mine.patch("Groups", mine.group("my", bob), add).status_code == 400
    assert theirs.find("Users")["totalResults"] == 1
