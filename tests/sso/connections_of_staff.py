"""What superusers do to connections and domains, each ready to be done and not done yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import OrganizationDomain
from accounts.services import domain_proofs
from plinto.kernel import services
from resilience.text_records import TextRecords
from sso.models import Connection
from tests.accounts.organizations import Club
from tests.accounts.staff import act, browser_of
from tests.api import Api
from tests.servers.name_server import NameServer
from tests.sso.club_connections import ClubConnection
from tests.sso.publisher import Said

Do = Callable[[], Any]
CONNECTIONS = "/admin/sso/connection/"
DOMAINS = "/admin/accounts/organizationdomain/"


def form(club: Club, **fields: Any) -> dict[str, Any]:
    """The form of a SAML connection whose metadata are uploaded."""
    return {
        "organization": str(club.id),
        "name": "Corporate sign-in",
        "slug": "corporate",
        "protocol": "saml",
        "preset": "okta",
        "clock_skew": "60",
        "creates_accounts": "on",
        "metadata_file": SimpleUploadedFile("idp.xml", Said().xml()),
        "scope": "openid email profile",
        **fields,
    }


def _add() -> Do:
    club, browser = Club(Api()), browser_of()
    return lambda: browser.post(f"{CONNECTIONS}add/", form(club))


def _made() -> tuple[Client, Connection]:
    made = ClubConnection(Club(Api()), metadata_xml=Said().xml().decode())
    return browser_of(), made.row


def _change() -> Do:
    browser, row = _made()
    sent = {"name": "Another", "preset": "okta", "clock_skew": "60", "creates_accounts": "on"}
    return lambda: browser.post(f"{CONNECTIONS}{row.pk}/change/", sent)


def _on_page(name: str, *, is_enabled: bool = True) -> Callable[[], Do]:
    def prepare() -> Do:
        browser, row = _made()
        Connection.objects.update(is_enabled=is_enabled)
        return lambda: browser.post(f"{CONNECTIONS}{row.pk}/{name}/")

    return prepare


def _add_domain() -> Do:
    club, browser = Club(Api()), browser_of()
    sent = {"organization": str(club.id), "name": "Corp.Example"}
    return lambda: browser.post(f"{DOMAINS}add/", sent)


def named() -> tuple[Client, OrganizationDomain]:
    club = Club(Api())
    assert club.as_(club.owner, "POST", "/domains", {"domain": "corp.example"}).status_code == 201
    return browser_of(), OrganizationDomain.objects.get()


def _prove_by_word() -> Do:
    browser, row = named()
    return lambda: act(browser, "prove_by_word", row, page=DOMAINS)


def _prove_by_record() -> Do:
    browser, row = named()

    def do() -> None:
        with NameServer() as names, services.override(TextRecords, TextRecords(names.address)):
            names.place(domain_proofs.record(row))
            act(browser, "prove_by_record", row, page=DOMAINS)

    return do


def _delete_domain() -> Do:
    browser, row = named()
    return lambda: browser.post(f"{DOMAINS}{row.pk}/delete/", {"post": "yes"})


CONNECTION_ACTS: dict[str, Callable[[], Do]] = {
    "sso.Connection add": _add,
    "sso.Connection change": _change,
    "sso_connection_test": _on_page("test"),
    "sso_connection_enable": _on_page("enable", is_enabled=False),
    "sso_connection_disable": _on_page("disable"),
    "sso_connection_remove": _on_page("remove"),
    "accounts.OrganizationDomain add": _add_domain,
    "accounts.OrganizationDomain delete": _delete_domain,
    "accounts.OrganizationDomain prove_by_record": _prove_by_record,
    "accounts.OrganizationDomain prove_by_word": _prove_by_word,
}
