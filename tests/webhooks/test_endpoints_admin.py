"""Endpoints and deliveries in the admin site: the deployment's own, and those of organizations."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.chain import SYSTEM_CHAIN
from audit.models import AuditRow, ChainHead
from resilience.leases import State
from tests.accounts.organizations import Club
from tests.accounts.staff import act, browser_of, helper
from tests.webhooks.club_endpoints import ClubEndpoint, sent
from webhooks.models import Attempt, Delivery, Endpoint, Position
from webhooks.services import endpoint_secrets

pytestmark = pytest.mark.usefixtures("transactional_db", "signing_key")
ENDPOINTS = "/admin/webhooks/endpoint/"
DELIVERIES = "/admin/webhooks/delivery/"
ATTEMPTS = "/admin/webhooks/attempt/"
FORM = {"url": "https://siem.example.com/in", "events": "audit.recorded\nuser.*", "description": ""}


@pytest.fixture
def receiver(api) -> ClubEndpoint:
    return ClubEndpoint(Club(api))


def made(browser) -> Endpoint:
    assert browser.post(f"{ENDPOINTS}add/", FORM).status_code == 200
    return Endpoint.objects.get(organization=None)


def secret_of(endpoint: Endpoint) -> str:
    return endpoint_secrets.in_force(endpoint, now=timezone.now())[0]


def page_of(endpoint: Endpoint, tail: str = "change") -> str:
    return f"{ENDPOINTS}{endpoint.pk}/{tail}/"


def test_a_superuser_makes_an_endpoint_of_the_deployment_and_sees_its_secret_once():
    ChainHead.objects.create(chain=SYSTEM_CHAIN, sequence=5, head_hash=b"", moved_at=timezone.now())
    browser = browser_of()
    answer = browser.post(f"{ENDPOINTS}add/", FORM)
    endpoint = Endpoint.objects.get()
    assert secret_of(endpoint) in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert endpoint.events == ["audit.recorded", "user.*"]
    assert Position.objects.get().sequence == 5
    for page in (ENDPOINTS, page_of(endpoint), f"{ENDPOINTS}export/", "/admin/"):
        shown = browser.get(page)
        told = b"".join(shown.streaming_content) if shown.streaming else shown.content
        assert b"whsec_" not in told
    assert "whsec_" not in str(browser.cookies)
    row = AuditRow.objects.get(action="endpoint.created")
    assert (row.actor_kind, row.organization_id) == ("staff", None)


@pytest.mark.parametrize(
    ("field", "value"),
    [("url", "http://x.example/"), ("url", ""), ("events", "nobody.*"), ("events", " ")],
)
def test_the_form_says_what_is_wrong_with_it(field, value):
    page = browser_of().post(f"{ENDPOINTS}add/", {**FORM, field: value}).content.decode()
    assert "errorlist" in page
    assert not Endpoint.objects.exists()


def test_a_superuser_changes_rotates_and_deletes_it():
    browser = browser_of()
    endpoint = made(browser)
    first = secret_of(endpoint)
    changed = browser.post(page_of(endpoint), {**FORM, "events": "audit.recorded"}, follow=True)
    assert "was changed successfully" in changed.content.decode()
    form = browser.get(page_of(endpoint, "rotate-secret"))
    seen = {"seen": form.context["seen"]}
    rotated = browser.post(page_of(endpoint, "rotate-secret"), seen).content.decode()
    endpoint.refresh_from_db()
    assert secret_of(endpoint) in rotated
    assert endpoint_secrets.in_force(endpoint, now=timezone.now())[1] == first
    assert endpoint.events == ["audit.recorded"]
    # The browser sends the form again, and nothing more happens.
    again = browser.post(page_of(endpoint, "rotate-secret"), seen, follow=True).content.decode()
    assert "The secret was changed at the same moment." in again
    assert secret_of(Endpoint.objects.get()) == secret_of(endpoint)
    sent(endpoint.pk)
    assert browser.post(page_of(endpoint, "delete"), {"post": "yes"}).status_code == 302
    assert not Endpoint.objects.exists()
    assert not Delivery.objects.exists()
    told = AuditRow.objects.filter(action__startswith="endpoint.").order_by("occurred_at", "pk")
    assert [row.action.partition(".")[2] for row in told] == [
        "created", "updated", "secret_rotated", "deleted",
    ]  # fmt: skip


def test_staff_who_are_no_superusers_touch_none_of_the_deployment():
    endpoint = made(browser_of())
    before = Endpoint.objects.values().get()
    member = browser_of(
        helper("view_endpoint", "add_endpoint", "change_endpoint", "delete_endpoint")
    )
    assert member.get(page_of(endpoint)).status_code == 200
    for page in (f"{ENDPOINTS}add/", page_of(endpoint), page_of(endpoint, "delete"),
                 page_of(endpoint, "rotate-secret")):  # fmt: skip
        assert member.post(page, {**FORM, "post": "yes"}).status_code == 403
    assert Endpoint.objects.values().get() == before


def test_what_an_organization_is_told_nobody_else_decides(receiver):
    before = Endpoint.objects.values().get()
    browser = browser_of()
    endpoint = receiver.row
    assert receiver.told["url"] in browser.get(page_of(endpoint)).content.decode()
    assert browser.post(page_of(endpoint), FORM).status_code == 403
    assert browser.post(page_of(endpoint, "delete"), {"post": "yes"}).status_code == 403
    assert browser.get(page_of(endpoint, "rotate-secret")).status_code == 403
    browser.post(page_of(endpoint, "rotate-secret"), {"seen": "x"})
    assert Endpoint.objects.values().get() == before


def test_staff_who_may_pause_an_endpoint_and_let_it_go_on(receiver):
    may = browser_of(helper("view_endpoint", "change_endpoint"))
    assert "Endpoints paused: 1." in act(may, "pause", receiver.row, page=ENDPOINTS)
    assert receiver.row.state == "paused"
    assert "Endpoints enabled: 1." in act(may, "enable", receiver.row, page=ENDPOINTS)
    act(browser_of(helper("view_endpoint")), "pause", receiver.row, page=ENDPOINTS)
    assert receiver.row.state == "active"
    rows = AuditRow.objects.filter(action__in=("endpoint.paused", "endpoint.enabled"))
    assert {(row.actor_kind, row.organization_id) for row in rows} == {("staff", receiver.club.id)}
    assert len(rows) == 2


def test_staff_who_may_send_once_more_what_was_given_up(receiver):
    old = sent(receiver.id, state=State.ABANDONED, at=timezone.now() - timedelta(days=9))
    new = sent(receiver.id, state=State.ABANDONED)
    looking = browser_of(helper("view_endpoint", "view_delivery"))
    act(looking, "redeliver", old, page=DELIVERIES)
    assert looking.get(page_of(receiver.row, "redeliver")).status_code == 403
    may = browser_of(helper("view_endpoint", "view_delivery", "change_endpoint"))
    since = f"{timezone.now() - timedelta(days=1):%Y-%m-%dT%H:%M}"
    page = may.post(page_of(receiver.row, "redeliver"), {"since": since}, follow=True)
    assert "Deliveries that are sent once more: 1." in page.content.decode()
    assert set(Delivery.objects.values_list("pk", "state")) == {
        (old.pk, State.ABANDONED),
        (new.pk, State.DUE),
    }
    assert "sent once more: 1." in act(may, "redeliver", old, page=DELIVERIES)
    assert "on its way already" in act(may, "redeliver", old, page=DELIVERIES)
    assert AuditRow.objects.filter(action="endpoint.redelivered").count() == 2
    assert "errorlist" in may.post(page_of(receiver.row, "redeliver"), {}).content.decode()


def test_what_a_receiver_says_is_text_and_nothing_else(api):
    receiver = ClubEndpoint(Club(api), description="<script>d()</script>")
    delivery = sent(receiver.id, state=State.ABANDONED, last_error="<b>e</b>")
    Attempt.objects.update(
        body="<script>b()</script>", error="<i>", headers={"Server": "<script>h()</script>"}
    )
    browser = browser_of()
    attempt = Attempt.objects.get()
    for page in (ENDPOINTS, DELIVERIES, ATTEMPTS, page_of(receiver.row),
                 f"{DELIVERIES}{delivery.pk}/change/",
                 f"{ATTEMPTS}{attempt.pk}/change/"):  # fmt: skip
        answer = browser.get(page)
        assert answer.status_code == 200, page
        told = answer.content.decode()
        for forged in ("<script>d", "<script>b", "<script>h", "<b>e", "<i>"):
            assert forged not in told, page
    assert "&lt;script&gt;b()" in browser.get(f"{DELIVERIES}{delivery.pk}/change/").content.decode()


def test_nobody_edits_a_delivery_or_a_try(receiver):
    delivery = sent(receiver.id)
    chief = browser_of()
    for page in (f"{DELIVERIES}{delivery.pk}", f"{ATTEMPTS}{Attempt.objects.get().pk}"):
        for tail in ("change", "delete"):
            assert chief.post(f"{page}/{tail}/", {"post": "yes"}).status_code == 403
    assert Attempt.objects.count() == 1


def test_a_delivery_is_found_by_its_id_and_by_that_of_its_event(receiver):
    mine, other = sent(receiver.id), sent(receiver.id)
    browser = browser_of()
    row = AuditRow.objects.get(action="endpoint.created")
    told = sent(receiver.id, event_id=row.pk)
    for term, found in ((mine.pk, mine), (row.pk, told)):
        page = browser.get(DELIVERIES, {"q": str(term)}).content.decode()
        assert (str(found.pk) in page, str(other.pk) in page) == (True, False)
    assert browser.get(DELIVERIES, {"q": "nothing"}).status_code == 200


def test_lists_cost_the_same_however_long_they_are(receiver):
    browser = browser_of()
    costs = {page: [] for page in (ENDPOINTS, DELIVERIES, ATTEMPTS)}
    for _ in range(2):
        for _ in range(3):
            sent(ClubEndpoint(receiver.club).id, state=State.DUE)
        for page, cost in costs.items():
            with CaptureQueriesContext(
                connection,
            ) as found:
                told = browser.get(page).content.decode()
            cost.append(len(found))
            sealed = bytes(receiver.row.secret)
            assert sealed.hex() not in told
            assert base64.b64encode(sealed).decode() not in told
    assert all(few == many for few, many in costs.values()), costs
