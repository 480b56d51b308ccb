"""Orders to breakers from the admin site: who may give them, and what stays on record."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from audit.models import AuditRow
from audit.services.record import AuditService
from plinto import operations
from plinto.kernel import services
from plinto.kernel.exceptions import AuthorizationError
from plinto.kernel.origin import SYSTEM as NOWHERE
from resilience.models import CircuitOrder, Process
from tests.accounts.staff import browser_of, helper, sign_in
from tests.factories import AdministratorFactory
from tests.plinto.processes import a_process

PAGE = "/admin/resilience/"
ORDER = {"breaker": "redis:default", "act": "force_open", "reason": "drill"}
REHEARSAL = {"breaker": "redis:default", "minutes": "5", "reason": "drill"}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _a_process_has_the_breakers():
    a_process()


@pytest.fixture
def browser():
    return browser_of()


def sent(browser, form, **changed):
    return browser.post(PAGE, {**form, **changed}, follow=True).content.decode()


def trail():
    return AuditRow.objects.filter(action__startswith="circuit.").order_by("pk")


def refusals():
    return list(AuditRow.objects.filter(action="admin.refused").values_list("reason", flat=True))


@pytest.mark.parametrize(
    ("act", "event"),
    [
        ("force_open", "circuit.forced_open"),
        ("force_closed", "circuit.forced_closed"),
        ("automatic", "circuit.released"),
        ("reset", "circuit.reset"),
    ],
)
def test_an_order_is_given_and_recorded_with_its_reason(act, event):
    administrator = AdministratorFactory()
    page = sent(browser_of(administrator), ORDER, act=act)
    order, row = CircuitOrder.objects.get(), trail().get()
    assert (order.breaker, order.act, order.reason) == ("redis:default", act, "drill")
    assert (order.ordered_by, order.ends_at) == (administrator.email, None)
    assert (row.action, row.reason, row.target_id) == (event, "drill", "redis:default")
    assert (row.actor_kind, row.actor_id) == ("staff", str(administrator.pk))
    assert row.changes == {"order": ["automatic", act]}
    assert "is ordered for redis:default. Processes hear of it within seconds." in page


def test_the_trail_tells_what_stood_before(browser):
    sent(browser, ORDER)
    sent(browser, ORDER, act="automatic", reason="over")
    assert [row.changes for row in trail()] == [
        {"order": ["automatic", "force_open"]},
        {"order": ["force_open", "automatic"]},
    ]


def test_a_rehearsal_is_bounded_and_recorded_with_its_end(browser):
    began = timezone.now()
    page = sent(browser, REHEARSAL)
    order, row = CircuitOrder.objects.get(), trail().get()
    assert order.act == "force_open"
    assert timedelta(minutes=5) <= order.ends_at - began < timedelta(minutes=6)
    assert row.action == "circuit.outage_rehearsed"
    assert row.changes["order"] == ["automatic", "force_open"]
    assert row.changes["ends_at"][0] is None
    assert "An outage of redis:default is rehearsed until" in page


def test_the_page_shows_the_standing_order_and_who_gave_it():
    administrator = AdministratorFactory()
    page = sent(browser_of(administrator), REHEARSAL, reason="monthly <drill>")
    assert f"<strong>rehearsal</strong> by {administrator.email}" in page
    assert "“monthly &lt;drill&gt;”" in page


def test_a_rehearsal_is_ended_early_by_leaving_the_breaker_to_itself(browser):
    sent(browser, REHEARSAL)
    page = sent(browser, ORDER, act="automatic")
    assert "<strong>rehearsal</strong>" not in page
    assert trail().last().changes["order"] == ["force_open", "automatic"]
    assert trail().last().changes["ends_at"][1] is None


class FullTrail(AuditService):
    """A trail whose disk is full."""

    def record(self, *args, **kwargs):
        raise OperationalError("No space left on device")


def test_what_cannot_be_recorded_is_not_ordered(browser):
    with services.override(AuditService, FullTrail()):
        assert browser.post(PAGE, ORDER).status_code == 503
    assert not CircuitOrder.objects.exists()


@pytest.mark.parametrize("form", [ORDER, REHEARSAL])
def test_who_may_only_look_is_refused_and_recorded(form):
    answer = browser_of(helper("view_process")).post(PAGE, form)
    assert answer.status_code == 403
    assert refusals() == [f"POST {PAGE}"]
    assert not CircuitOrder.objects.exists()


def test_the_permission_to_operate_is_enough():
    assert "is ordered" in sent(browser_of(helper("view_process", "operate")), ORDER)


def test_the_service_itself_refuses_who_lacks_the_permission():
    asked = {"by": helper("view_process"), "origin": NOWHERE, "now": timezone.now()}
    with pytest.raises(AuthorizationError):
        operations.order("redis:default", act="reset", reason="drill", **asked)
    with pytest.raises(AuthorizationError):
        operations.rehearse("redis:default", length=timedelta(minutes=1), reason="drill", **asked)
    assert not CircuitOrder.objects.exists()


def test_a_form_from_another_site_orders_nothing():
    strict = Client(enforce_csrf_checks=True)
    strict.get("/admin/login/")
    token = {"HTTP_X_CSRFTOKEN": strict.cookies["csrftoken"].value}
    assert sign_in(AdministratorFactory().email, browser=strict, **token).status_code == 302
    assert strict.post(PAGE, ORDER).status_code == 403
    assert not CircuitOrder.objects.exists()


def test_the_form_of_the_page_itself_is_accepted():
    strict = Client(enforce_csrf_checks=True)
    strict.get("/admin/login/")
    token = {"HTTP_X_CSRFTOKEN": strict.cookies["csrftoken"].value}
    sign_in(AdministratorFactory().email, browser=strict, **token)
    page = strict.get(PAGE).content.decode()
    hidden = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    assert strict.post(PAGE, {**ORDER, "csrfmiddlewaretoken": hidden}).status_code == 302
    assert CircuitOrder.objects.exists()


@pytest.mark.parametrize("minutes", ["0", "61", "-1", "5.5", "", "five", "٥", "9" * 400])
def test_a_rehearsal_that_is_not_one_to_sixty_minutes_is_refused_politely(browser, minutes):
    page = sent(browser, REHEARSAL, minutes=minutes)
    assert re.search(r'<li class="error">[^<]*60', page)
    assert not CircuitOrder.objects.exists()


@pytest.mark.parametrize("reason", ["", "   ", "nul \x00 byte", "x" * 201])
def test_an_order_without_a_reason_that_can_be_kept_is_refused_politely(browser, reason):
    assert "Say why, in" in sent(browser, ORDER, reason=reason)
    assert not CircuitOrder.objects.exists()
    assert len(refusals()) == 1


def test_white_space_of_a_reason_is_one_blank(browser):
    sent(browser, ORDER, reason="  two\r\n lines ")
    assert CircuitOrder.objects.get().reason == "two lines"


@pytest.mark.parametrize(
    "changed", [{"breaker": "redis:nowhere"}, {"breaker": ""}, {"breaker": "<b>\x00"}]
)
def test_a_breaker_that_no_process_has_is_refused_politely(browser, changed):
    assert "No process has a breaker of this name." in sent(browser, ORDER, **changed)
    assert not CircuitOrder.objects.exists()


def test_an_order_can_be_taken_back_when_no_process_is_left_to_obey_it(browser):
    sent(browser, ORDER)
    Process.objects.all().delete()
    sent(browser, ORDER, act="automatic")
    assert [row.action for row in trail()] == ["circuit.forced_open", "circuit.released"]


@pytest.mark.parametrize("act", ["", "explode", "FORCE_OPEN"])
def test_an_act_that_does_not_exist_is_refused_politely(browser, act):
    assert "Choose what the breaker shall do." in sent(browser, ORDER, act=act)
    assert not CircuitOrder.objects.exists()


def test_only_breakers_of_redis_can_be_rehearsed_with(browser):
    assert "Only these can be rehearsed" in sent(browser, REHEARSAL, breaker="smtp")
    assert not CircuitOrder.objects.exists()
