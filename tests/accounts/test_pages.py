from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.contrib.staticfiles import finders
from django.core import mail

from accounts.services import outbox
from resilience.worker import Shift, run_until_idle
from tests.accounts.organizations import Club
from tests.accounts.people import code_in, signed_in
from tests.factories import PASSWORD, UserFactory

PATHS = [
    "/verify-email",
    "/set-password",
    "/reset-password",
    "/magic-link",
    "/undo-email",
    "/accept-invitation",
    "/signed-in",
]
EVERY_PAGE = pytest.mark.parametrize("path", PATHS)
NEW_PASSWORD = "a horse stapled to a battery"


class Markup(HTMLParser):
    """The tags of a page, the addresses it loads or leads to, and the text inside its scripts."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.addresses: list[str] = []
        self.code = ""
        self.feed(content.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.addresses += [value for name, value in attrs if name in {"src", "href", "action"}]

    def handle_data(self, data):
        if self.tags[-1:] in (["script"], ["style"]):
            self.code += data.strip()


def links_in(letters) -> list[str]:
    return [link for letter in letters for link in re.findall(r"https?://\S+/\S+", letter.body)]


def change_address(api) -> None:
    ada = signed_in(api)
    api.post("/api/v1/me/email", {"email": f"new-{ada.user.email}"}, token=ada.access)
    run_until_idle([outbox.QUEUE], shift=Shift())
    body = {"code": code_in(mail.outbox[-1])}
    assert api.post("/api/v1/me/email/confirm", body, token=ada.access).status_code == 200


def write_every_letter_with_a_link(api) -> None:
    api.post("/api/v1/auth/register", {"email": "new@example.com", "password": PASSWORD})
    taken = UserFactory()
    api.post("/api/v1/auth/register", {"email": taken.email, "password": PASSWORD})
    api.post("/api/v1/auth/password/reset", {"email": taken.email})
    api.post("/api/v1/auth/magic-link", {"email": taken.email})
    change_address(api)
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    api.post("/api/v1/me/password", change, token=signed_in(api).access)
    club = Club(api)
    invitation = {"email": "invited@example.com", "role": "member"}
    club.as_(club.owner, "POST", "/invitations", invitation)


@EVERY_PAGE
def test_a_page_lets_only_its_own_files_run_and_no_form_leave(api, path):
    policy = api.get(path).headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["form-action"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in policy


@EVERY_PAGE
def test_a_page_is_kept_and_indexed_by_nobody_and_names_no_referrer(api, path):
    answer = api.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"] == "noindex"


@EVERY_PAGE
def test_a_page_holds_no_inline_code_and_nothing_from_elsewhere(api, path):
    markup = Markup(api.get(path).content)
    assert markup.code == ""
    assert "style" not in markup.tags + markup.attributes
    assert not [name for name in markup.attributes if name.startswith("on")]
    assert markup.addresses
    assert all(re.match(r"/(?!/)", address) for address in markup.addresses)


@EVERY_PAGE
def test_the_files_of_a_page_exist(api, path):
    addresses = Markup(api.get(path).content).addresses
    files = {each.removeprefix("/static/") for each in addresses if each.startswith("/static/")}
    assert {name.rsplit(".")[-1] for name in files} == {"css", "js", "svg"}
    assert all(finders.find(name) for name in files)


@EVERY_PAGE
def test_what_an_address_carries_never_comes_back_in_the_markup(api, path):
    assert api.get(f"{path}?token=plv_secret").content == api.get(path).content


@EVERY_PAGE
def test_a_page_needs_no_database(api, path, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert api.get(path).status_code == 200


@EVERY_PAGE
def test_a_page_takes_nothing_in(api, path):
    answer = api.post(path, {"password": PASSWORD})
    assert answer.status_code == 405
    assert answer.json()["error"] == "METHOD_NOT_ALLOWED"
    assert "POST" not in answer.headers["Allow"]


@EVERY_PAGE
def test_a_page_explains_itself_to_a_browser_without_scripts(api, path):
    content = api.get(path).content.decode()
    assert "JavaScript" in re.search(r"<noscript>(.*?)</noscript>", content, re.DOTALL)[1]
    outside = re.sub(r"<noscript>.*?</noscript>", "", content, flags=re.DOTALL)
    assert outside.count("<h1") == len(re.findall(r"<section data-step=\S+ hidden>", outside))


def test_every_link_in_a_letter_leads_to_a_page(api, letters):
    write_every_letter_with_a_link(api)
    paths = {re.sub(r"^https?://[^/]+|#.*", "", link) for link in links_in(letters())}
    assert paths == set(PATHS) - {"/signed-in"}


def test_links_lead_to_the_front_end_of_a_deployment_that_has_its_own(api, letters, settings):
    settings.APP_URL = "https://app.example.com"
    write_every_letter_with_a_link(api)
    written = links_in(letters())
    assert len(written) >= 4
    assert all(link.startswith("https://app.example.com/") for link in written)
