"""Connections as an organization's members make, change and delete them."""

from __future__ import annotations

import base64

import pytest
from django.utils import timezone

from accounts.models import Organization
from audit.models import AuditRow
from sso.models import Connection
from tests.accounts.organizations import Club
from tests.races import at_once
from tests.sso.club_connections import BODIES, OIDC, SAML, ClubConnection
from tests.sso.made_certificates import weak_certificate

SECRET = OIDC["client_secret"]
PROTOCOLS = sorted(BODIES)


def acts() -> list[tuple[str, str, str]]:
    rows = AuditRow.objects.filter(action__startswith="connection.").order_by("pk")
    return [(row.action, row.outcome, row.reason) for row in rows]


def test_a_saml_connection_tells_what_to_paste_at_the_provider(club, settings):
    told = ClubConnection(club, slug="engines").told
    here = f"{settings.PUBLIC_URL}/sso/saml/engines"
    assert told["service_provider"] == {
        "entity_id": f"{here}/metadata",
        "acs_url": f"{here}/acs",
        "sls_url": f"{here}/sls",
        "metadata_url": f"{here}/metadata",
        "login_url": f"{here}/login",
    }
    [certificate] = told["certificates"]
    assert certificate["subject"] == "CN=idp.example.com"
    assert told["expires_at"] == certificate["expires_at"] == "2126-01-01T00:00:00Z"
    assert len(base64.b16decode(certificate["sha256_fingerprint"].replace(":", ""))) == 32


def test_a_client_secret_is_sealed_and_never_shown_nor_told(club):
    made = ClubConnection(club, "oidc", slug="guests")
    assert made.change(client_secret=f"{SECRET}-2").status_code == 200
    kept = bytes(made.row.oidc.client_secret)
    shown = made.send("GET").content + club.as_(club.owner, "GET", "/sso/oidc").content
    trail = str(list(AuditRow.objects.values_list("changes", "personal")))
    assert SECRET.encode() not in kept + shown
    assert SECRET not in trail
    assert acts() == [("connection.created", "success", ""), ("connection.updated", "success", "")]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_connection_is_listed_changed_and_deleted(club, protocol):
    made = ClubConnection(club, protocol)
    club.role("clerk", "members:read")
    changed = made.change(name="Others", enabled=False, default_role="clerk", clock_skew=30)
    assert (changed.status_code, changed.json()["enabled"]) == (200, False)
    assert changed.json()["default_role"] == "clerk"
    assert club.as_(club.owner, "GET", f"/sso/{protocol}").json()["results"] == [changed.json()]
    row = AuditRow.objects.get(action="connection.updated")
    assert row.changes["enabled"] == [True, False]
    assert row.changes["default_role"] == [None, "clerk"]
    assert made.send("DELETE").status_code == 204
    assert made.send("GET").status_code == 404
    assert not Connection.objects.exists()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_change_that_changes_nothing_leaves_no_row(club, protocol):
    made = ClubConnection(club, protocol)
    assert made.change(enabled=True, clock_skew=60).json() == made.told
    assert len(acts()) == 1


def test_a_slug_is_made_of_the_name_and_taken_once_in_the_deployment(api, club):
    assert ClubConnection(club, name="Staff of Engines").slug == "staff-of-engines"
    other = Club(api)
    again = ClubConnection(other, name="Staff of Engines").slug
    assert again.startswith("staff-of-engines-")
    assert ClubConnection(other, name="Ω").slug.startswith("connection-")
    taken = other.as_(other.owner, "POST", "/sso/saml", {**SAML, "slug": "Staff-of-engines"})
    assert (taken.status_code, taken.json()["error"]) == (409, "SLUG_TAKEN")
    assert acts()[-1] == ("connection.created", "refused", "slug taken")


def test_of_those_who_take_a_slug_at_once_one_has_it(api, club):
    other = Club(api)
    clubs = [club, other] * 2

    def make(at: int) -> int:
        body = {**SAML, "slug": "engines"}
        return clubs[at].as_(clubs[at].owner, "POST", "/sso/saml", body).status_code

    assert sorted(at_once(make, times=4)) == [201, 409, 409, 409]
    assert Connection.objects.count() == 1


def test_a_connection_of_the_other_protocol_or_organization_is_not_found(api, club):
    made, other = ClubConnection(club), Club(api)
    for answer in (
        club.as_(club.owner, "GET", f"/sso/oidc/{made.slug}"),
        club.as_(club.owner, "DELETE", f"/sso/oidc/{made.slug}"),
        other.as_(other.owner, "PATCH", f"/sso/saml/{made.slug}", {"enabled": False}),
        other.as_(other.owner, "DELETE", f"/sso/saml/{made.slug}"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (404, "NOT_FOUND")
    assert made.row.is_enabled


WRONG = [
    ("saml", "name", ["Staff"]),
    ("saml", "name", "Two\nlines"),
    ("saml", "slug", "sso"),
    ("saml", "preset", "another"),
    ("saml", "enabled", "yes"),
    ("saml", "redirect_uris", "https://app.example.com"),
    ("saml", "redirect_uris", ["javascript:alert(1)"]),
    ("saml", "redirect_uris", ["http://app.example.com"]),
    ("saml", "redirect_uris", ["https://app.example.com/#"]),
    ("saml", "redirect_uris", ["https://user@app.example.com/"]),
    ("saml", "redirect_uris", ["https://app.example.com/"] * 21),
    ("saml", "attributes", {"email": "mail"}),
    ("saml", "attributes", {"role": ["admin"]}),
    ("saml", "attributes", {"email": ["mail\x7f"]}),
    ("saml", "default_role", "nobody"),
    ("saml", "default_role", "owner"),
    ("saml", "max_age", -1),
    ("saml", "max_age", "60"),
    ("saml", "clock_skew", 121),
    ("saml", "entity_id", "urn:idp\n"),
    ("saml", "subject_attribute", " uid"),
    ("oidc", "client_id", "plinto\u200b"),
    ("saml", "sso_url", "javascript:alert(1)"),
    ("saml", "sso_url", "http://idp.example.com/"),
    ("saml", "certificates", []),
    ("saml", "certificates", ["not base64"]),
    ("saml", "certificates", ["AAAA"]),
    ("saml", "metadata_url", "file:///etc/passwd"),
    ("saml", "metadata_url", "http://idp.example.com/metadata"),
    ("saml", "client_secret", "x"),
    ("oidc", "issuer", "http://accounts.example.com"),
    ("oidc", "issuer", "https://accounts.example.com/?x"),
    ("oidc", "scope", "email"),
    ("oidc", "client_secret", ["x"]),
    ("oidc", "certificates", []),
]


def test_what_cannot_be_kept_is_refused_by_the_name_of_its_field(club):
    got = []
    for protocol, field, value in WRONG:
        body = {**BODIES[protocol], field: value}
        answer = club.as_(club.owner, "POST", f"/sso/{protocol}", body)
        [named] = answer.json()["details"]["fields"]
        got.append((answer.status_code, named.partition(".")[0]))
    assert got == [(422, field) for _, field, _ in WRONG]
    assert not Connection.objects.exists()


def test_what_a_connection_is_known_by_never_changes(club):
    for protocol in PROTOCOLS:
        made = ClubConnection(club, protocol)
        for field in ("slug", "entity_id", "issuer", "metadata_xml"):
            assert made.change(**{field: "https://other.example.com"}).status_code == 422
        assert made.shown() == made.told


def test_a_weak_key_signs_nothing(club):
    body = {**SAML, "certificates": [weak_certificate()]}
    answer = club.as_(club.owner, "POST", "/sso/saml", body)
    assert (answer.status_code, list(answer.json()["details"]["fields"])) == (422, ["certificates"])


def test_nobody_gives_strangers_a_role_that_holds_more_than_they_do(club):
    clerk = club.holding("sso:*")
    club.role("treasurer", "members:write")
    body = {**SAML, "default_role": "treasurer"}
    answer = club.as_(clerk, "POST", "/sso/saml", body)
    assert (answer.status_code, answer.json()["error"]) == (403, "AUTHORIZATION_ERROR")
    made = ClubConnection(club, by=clerk)
    assert made.send("PATCH", "", {"default_role": "treasurer"}, by=clerk).status_code == 403
    assert acts()[-1] == ("connection.updated", "refused", "beyond own permissions")


def test_an_organization_has_twenty_connections_at_most(club):
    for number in range(20):
        ClubConnection(club, PROTOCOLS[number % 2])
    answer = club.as_(club.owner, "POST", "/sso/saml", SAML)
    assert (answer.status_code, answer.json()["error"]) == (409, "CONFLICT_ERROR")


@pytest.mark.parametrize("act", ["disable", "delete"])
def test_the_last_connection_stays_while_single_sign_on_is_required(club, act):
    kept, other = ClubConnection(club), ClubConnection(club, "oidc")
    Organization.objects.filter(pk=club.id).update(sso_required_from=timezone.now())

    def end(each: ClubConnection) -> int:
        answer = each.change(enabled=False) if act == "disable" else each.send("DELETE")
        return answer.status_code

    assert end(other) in {200, 204}
    assert end(kept) == 409
    assert kept.shown()["enabled"]
    assert acts()[-1][2] == "last connection while single sign-on is required"
