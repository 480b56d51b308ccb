"""Connections and domains in the admin site: superusers set them up, staff look."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import OrganizationDomain, Session
from audit.models import AuditRow
from sso.models import Connection, Refresh, SAMLSettings
from tests.accounts.people import signed_in
from tests.accounts.staff import act, browser_of, helper
from tests.servers.website import Reply
from tests.sso.attacks.signing import key_of
from tests.sso.club_connections import OIDC, ClubConnection
from tests.sso.connections_of_staff import CONNECTIONS, DOMAINS, form, named
from tests.sso.publisher import ENTITY, Said, publishing


def page_of(row: Connection, act: str = "change") -> str:
    return f"{CONNECTIONS}{row.pk}/{act}/"


def text_of(browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_a_connection_is_made_of_uploaded_metadata_and_tells_what_to_paste(club, settings):
    browser = browser_of()
    answer = browser.post(f"{CONNECTIONS}add/", form(club))
    row = Connection.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page_of(row))
    text = text_of(browser, page_of(row))
    for told in ("metadata", "acs", "sls", "login"):
        assert f'value="{settings.PUBLIC_URL}/sso/saml/corporate/{told}"' in text
    assert "Applications → Create App Integration → SAML 2.0." in text
    assert f"Provider {ENTITY}" in text
    assert "days left" in text
    made = AuditRow.objects.get(action="connection.created")
    assert (made.organization_id, made.actor_kind) == (club.id, "staff")


def test_metadata_are_fetched_from_their_address_and_what_is_wrong_is_said(club):
    browser = browser_of()
    with publishing() as publisher:
        asked = form(club, metadata_url=publisher.url, metadata_file="")
        publisher.reply = Reply(status=404)
        answer = browser.post(f"{CONNECTIONS}add/", asked)
        assert "the server answered 404" in answer.content.decode()
        assert not Connection.objects.exists()
        publisher.reply = None
        assert browser.post(f"{CONNECTIONS}add/", asked).status_code == 302
    assert Refresh.objects.get().fetched_at is not None


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"metadata_file": ""}, "Give the metadata's address, or upload or paste them."),
        ({"metadata_file": SimpleUploadedFile("x", b"\xff\xfe")}, "This is no text in UTF-8."),
        ({"metadata_file": "", "metadata_xml": "<x/>"}, "The metadata cannot be used"),
        ({"redirect_uris": "javascript:alert(1)"}, "This is not an address."),
        ({"attributes": "role: admin"}, "Use email, name"),
        ({"role_name": "owner"}, "Nobody becomes an owner"),
        ({"slug": "sso"}, "reserved"),
        ({"protocol": "oidc"}, "This field is required."),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_field(club, fields, told):
    answer = browser_of().post(f"{CONNECTIONS}add/", form(club, **fields), follow=True)
    assert told in html.unescape(answer.content.decode())
    assert not Connection.objects.exists()


def test_an_openid_connection_never_shows_its_secret_and_keeps_it_when_left_empty(club):
    browser = browser_of()
    fields = {name: OIDC[name] for name in ("issuer", "client_id", "client_secret")}
    sent = form(club, protocol="oidc", metadata_file="", **fields)
    assert browser.post(f"{CONNECTIONS}add/", sent).status_code == 302
    row = Connection.objects.select_related("oidc").get()
    sealed = bytes(row.oidc.client_secret)
    changed = {"name": "Guests", "preset": "generic", "clock_skew": "30", "client_id": "other"}
    changed |= {"client_secret": "", "scope": "openid", "creates_accounts": "on"}
    assert browser.post(page_of(row), changed).status_code == 302
    row = Connection.objects.select_related("oidc").get()
    assert (row.oidc.client_id, bytes(row.oidc.client_secret)) == ("other", sealed)
    assert OIDC["client_secret"] not in text_of(browser, page_of(row))


def test_what_is_amiss_with_metadata_is_said_in_plain_words(club):
    said = Said(
        keys=(key_of("old", days=-1), key_of("idp", days=10)),
        sso_url="http://idp.corp.example/sso",
    )
    made = ClubConnection(club, metadata_xml=said.xml().decode())
    text = text_of(browser_of(), page_of(made.row))
    for told in (
        "Its SingleSignOnService is not protected by TLS.",
        "One of its certificates has expired.",
        "The certificates end soon",
    ):
        assert told in text


def test_metadata_of_another_provider_are_not_taken(club):
    made = ClubConnection(club, metadata_xml=Said().xml().decode())
    other = Said(entity_id="https://evil.example/", keys=(key_of("evil"),))
    sent = {"name": "Staff", "preset": "generic", "clock_skew": "60", "creates_accounts": "on"}
    sent["metadata_xml"] = other.xml().decode()
    answer = browser_of().post(page_of(made.row), sent)
    assert "not the one that is meant" in answer.content.decode()
    assert made.shown() == made.told


def test_who_came_by_a_connection_is_signed_out_when_it_is_turned_off_there(club):
    made, person = ClubConnection(club), signed_in(club.api)
    Session.objects.filter(pk=person.session_id).update(connection_id=made.row.pk)
    browser = browser_of()
    assert "signed out now" in text_of(browser, page_of(made.row, "disable"))
    assert browser.post(page_of(made.row, "disable")).status_code == 302
    assert club.api.get("/api/v1/me", token=person.access).status_code == 401
    assert browser.post(page_of(made.row, "enable")).status_code == 302
    assert browser.post(page_of(made.row, "remove")).status_code == 302
    assert not Connection.objects.exists()


def test_a_test_begins_with_a_link(club):
    made = ClubConnection(club)
    answer = browser_of().post(page_of(made.row, "test"))
    assert f"/sso/saml/{made.slug}/test?ticket=" in answer.content.decode()


def test_the_list_finds_what_ends_and_what_fails(club):
    soon, failing = ClubConnection(club, name="Soon"), ClubConnection(club, name="Broken")
    end = timezone.now() + timedelta(days=3, minutes=1)
    SAMLSettings.objects.filter(connection=soon.row).update(certificates_end_at=end)
    now = timezone.now()
    Refresh.objects.create(connection=failing.row, due_at=now, failing_since=now, last_error="x")
    browser = browser_of()
    for query, shown, other in (
        ("?ends=7", "Soon", "Broken"),
        ("?metadata=failing", "Broken", "Soon"),
    ):
        text = text_of(browser, CONNECTIONS + query).partition('id="result_list"')[2]
        assert (f">{shown}</a>" in text, f">{other}</a>" in text) == (True, False)
    assert "3 days left" in text_of(browser, f"{CONNECTIONS}?ends=7")
    assert "0 connections" in text_of(browser, f"{CONNECTIONS}?ends=1")


def test_staff_look_and_do_nothing(club):
    made, browser = ClubConnection(club), browser_of(helper("view_connection"))
    assert "Turn off" not in text_of(browser, page_of(made.row))
    for path in (page_of(made.row), page_of(made.row, "remove"), page_of(made.row, "test")):
        assert browser.post(path, {"name": "x"}).status_code == 403
    assert browser.post(f"{CONNECTIONS}add/", form(club)).status_code == 403
    assert browser.get(DOMAINS).status_code == 403
    assert made.shown() == made.told


def test_a_superuser_proves_a_domain_by_their_word_which_the_trail_tells():
    browser, row = named()
    assert "Domains proved: 1." in act(browser, "prove_by_word", row, page=DOMAINS)
    assert OrganizationDomain.objects.get().verified_at is not None
    told = AuditRow.objects.get(action="domain.verified")
    assert (told.actor_kind, told.reason) == ("staff", "by the word of a superuser")
    assert "Domains proved: 0." in act(browser, "prove_by_word", row, page=DOMAINS)
