"""The Resilience page of the admin site: what it shows, to whom, and at what cost."""

from __future__ import annotations

import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import OutboundMail
from audit.models import AuditRow
from resilience import contract, health
from tests.accounts.staff import browser_of, helper
from tests.plinto.processes import a_circuit, a_move, a_process

PAGE = "/admin/resilience/"
EVIL = "<script>alert(1)</script>&\"'"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("signing_key")]


@pytest.fixture(autouse=True)
def _health_is_looked_at_anew():
    health.forget()


@pytest.fixture
def browser():
    return browser_of()


def shown(browser, **query):
    answer = browser.get(PAGE, query)
    assert answer.status_code == 200
    return answer.content.decode()


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def refusals():
    return list(AuditRow.objects.filter(action="admin.refused").values_list("reason", flat=True))


def test_a_stranger_is_led_to_the_sign_in_page(client):
    answer = client.get(PAGE)
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/login/?next={PAGE}")


def test_staff_without_the_permission_see_nothing_and_that_is_recorded():
    assert browser_of(helper("view_user")).get(PAGE).status_code == 403
    assert refusals() == [f"GET {PAGE}"]


def test_who_may_only_look_is_offered_no_order():
    a_process()
    page = shown(browser_of(helper("view_process")))
    assert "web host:1" in page
    assert 'name="reason"' not in page


def test_the_index_leads_to_the_page_only_for_who_may_see_it(browser):
    link = f'<a href="{PAGE}"'
    assert link in browser.get("/admin/").content.decode()
    assert link not in browser_of(helper("view_user")).get("/admin/").content.decode()


def test_a_deployment_in_which_nobody_has_reported_yet_has_a_page(browser):
    text = text_of(shown(browser))
    assert "No process has reported yet." in text
    assert "Live processes 0" in text


def test_breakers_are_counted_over_all_live_processes(browser):
    opened = a_circuit(state="open", reason="refused", next_probe_in=12.0)
    for number, circuit in enumerate([opened, opened, opened, a_circuit()]):
        a_process(number, circuit)
    text = text_of(shown(browser))
    assert "3 of 4 open" in text
    assert "Degraded: redis:default is open in 3 of 4 processes." in text
    assert "next try in 1" in text


def test_every_process_shows_its_breakers_cache_and_connections(browser):
    a_process(41, a_circuit(total_calls=120, failed_calls=5, rejected_calls=30, opened_count=1))
    text = text_of(shown(browser))
    assert "web host:41" in text
    assert "120 calls: 5 failed, 30 rejected, 0 slow; opened 1 time" in text
    assert "75.0 % hits 7 in fallback, 2 unsettled" in text
    assert "3 of 6" in text


def test_a_process_that_went_is_shown_as_gone_and_not_counted(browser):
    a_process(1)
    a_process(2, ended_at=timezone.now())
    page = shown(browser)
    assert page.count('<tr class="gone">') == 1
    assert "Live processes 1" in text_of(page)


def test_gone_processes_do_not_crowd_out_the_live_ones(browser):
    long_ago = timezone.now() - timedelta(hours=2)
    for number in range(60):
        a_process(number, seen=long_ago, ended_at=long_ago)
    a_process(1000)
    page = shown(browser)
    assert page.count('<tr class="gone">') == 20
    assert page.index("host:1000") < page.index('<tr class="gone">')


def test_queues_show_what_waits_and_since_when(browser):
    later, due = timezone.now(), timezone.now() - timedelta(minutes=4)
    for state, settled in (("due", None), ("due", None), ("abandoned", later)):
        OutboundMail.objects.create(state=state, due_at=due, settled_at=settled, created_at=due)
    page = shown(browser)
    told = re.search(r'<th scope="row">mail</th>(.*?)</tr>', page, re.S)[1]
    assert re.findall(r'"Waiting">(\d+)<', told) == ["2"]
    assert "4 min ago" in told
    assert "<strong>1</strong>" in told


def test_fifty_processes_cost_as_many_statements_as_one(browser):
    def statements():
        with CaptureQueriesContext(connection) as captured:
            shown(browser)
        # Others, such as the look at the key ring, are made every few seconds.
        return sum("resilience_" in query["sql"] for query in captured)

    a_move(a_process(0))
    few = statements()
    for number in range(1, 50):
        a_move(a_process(number))
    assert statements() == few


def test_names_and_reasons_are_text_whatever_they_hold(browser):
    process = a_process(1, a_circuit(state="open", reason=EVIL), host=EVIL)
    a_move(process, reason=EVIL)
    page = shown(browser)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_timeline_on_the_page_is_well_formed(browser):
    a_move(a_process(1, host=EVIL), reason=EVIL)
    drawn = re.search(r'<svg[^>]*class="timeline".*?</svg>', shown(browser), re.DOTALL)
    ElementTree.fromstring(drawn[0])


def test_nothing_on_the_page_needs_a_looser_content_security_policy(browser):
    a_move(a_process())
    answer = browser.get(PAGE)
    page = answer.content.decode()
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    assert " style=" not in page
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []


def test_times_are_utc_and_tell_how_long_ago(browser):
    a_process(1, started_at=timezone.now() - timedelta(hours=3))
    assert re.search(
        r'began <time datetime="[0-9T:-]+Z">[0-9T:-]+Z</time> <span class="age">3 h ago<',
        shown(browser),
    )


def test_the_page_answers_without_redis(browser, redis_server):
    a_process()
    redis_server.kill()
    text = text_of(shown(browser))
    assert "Degraded here: redis." in text
    assert "What holds meanwhile" in text
    assert contract.controls()[0].cell("redis", "gone").guarantee in text


def test_the_page_is_never_kept_by_a_browser_or_a_proxy(browser):
    assert "no-store" in browser.get(PAGE)["Cache-Control"]
