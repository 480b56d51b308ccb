from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from django.urls import URLPattern, get_resolver
from django.utils import timezone
from prometheus_client.mmap_dict import mmap_key
from prometheus_client.parser import text_string_to_metric_families

from accounts.models.mail import OutboundMail
from resilience import breakers, glance, health, measures, metrics
from resilience.leases import State
from resilience.metrics import Book
from resilience.models import Process
from resilience.slots import FILE_BYTES
from resilience.stores import store
from resilience.traffic import name_of
from resilience.turns import Outcome, turns
from tests.resilience.conftest import eventually

pytestmark = pytest.mark.django_db

TOKEN = "right-token"


@pytest.fixture(autouse=True)
def _token(settings, signing_key):
    """
    Set the token, and let no look at the database outlive the test that allows it.

    The book of this process stays in the directory where it was opened, which may be that of
    another test; scrapes would not find it there.
    """
    settings.HEALTH_TOKEN = TOKEN
    metrics._book.renew()
    glance.glance.renew()
    health.forget()
    yield
    metrics._book.renew()
    health.forget()
    eventually(lambda: "glance" not in {thread.name for thread in threading.enumerate()})


@pytest.fixture
def scrape(api):
    """Scrape as Prometheus does, and return each series as (name, labels) → value."""

    def figures() -> dict[tuple[str, frozenset], float]:
        answer = api.get("/metrics", token=TOKEN)
        assert answer.status_code == 200
        families = text_string_to_metric_families(answer.content.decode())
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    return figures


def series(name: str, **labels: str) -> tuple[str, frozenset]:
    return f"plinto_{name}", frozenset(labels.items())


@pytest.mark.parametrize("token", [None, "", "wrong-token", "right-toke", "right-token2"])
def test_without_the_token_metrics_are_refused_in_the_usual_shape(api, token):
    answer = api.get("/metrics", token=token)
    assert answer.status_code == 401
    assert answer.json()["error"] == "AUTHENTICATION_ERROR"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", [None, "", " "])
def test_no_token_opens_metrics_that_no_token_was_set_for(api, settings, token):
    settings.HEALTH_TOKEN = ""
    assert api.get("/metrics", token=token).status_code == 401


def test_metrics_are_text_that_nobody_keeps(api):
    answer = api.get("/metrics", token=TOKEN)
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert answer.headers["Cache-Control"] == "no-store"


def test_requests_are_counted_by_what_was_asked_and_how_it_ended(api, scrape):
    counted = series("http_requests_total", method="GET", route="sessions", status="4xx")
    timed = series("http_request_seconds_count", route="sessions")
    before = scrape()
    for _ in range(7):
        assert api.get("/api/v1/sessions").status_code == 401
    after = scrape()
    assert after[counted] - before.get(counted, 0) == 7
    assert after[timed] - before.get(timed, 0) == 7


def test_nothing_a_client_writes_becomes_a_label(api, scrape):
    secret = uuid.uuid4().hex
    api.send(f"X{secret[:8]}", "/health/live")
    api.get(f"/nothing/{secret}")
    api.send("DELETE", f"/api/v1/sessions/{uuid.UUID(secret)}")
    found = scrape()
    assert series("http_requests_total", method="other", route="health/live", status="4xx") in found
    assert series("http_requests_total", method="GET", route="unknown", status="4xx") in found
    assert not [labels for _, labels in found if secret[:8] in str(labels)]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("api/v1/auth/token/refresh", "auth/token"),
        ("api/v1/sessions/<uuid:id>", "sessions"),
        ("admin/accounts/user/<path:object_id>/change/", "admin/accounts"),
        ("admin/(?P<url>.*)$", "admin"),
        (".well-known/jwks.json", ".well-known/jwks.json"),
        ("<path:anything>", "unknown"),
    ],
)
def test_a_route_is_named_by_the_first_two_words_of_its_pattern(pattern, name):
    assert name_of(pattern) == name


def test_a_breaker_that_opens_is_seen_with_its_moves_and_its_calls(doors, nowhere, scrape):
    door = doors.open(nowhere, failure_threshold=1)
    name = door.breaker.name
    door.breaker.trip(reason="test")
    assert not door.is_up()
    found = scrape()
    assert found[series("breaker_state", breaker=name)] == 2
    assert found[series("breakers", breaker=name, state="open")] == 1
    assert found[series("breakers", breaker=name, state="closed")] == 0
    assert found[series("breaker_calls_total", breaker=name, outcome="rejected")] == 1
    moved = series("breaker_transitions_total", breaker=name, before="closed", after="open")
    assert found[moved] == 1


def test_a_forgotten_breaker_is_in_no_state_and_keeps_its_counts(scrape):
    breaker = breakers.get("test-forgotten")
    breaker.succeeded(breaker.admit())
    assert scrape()[series("breakers", breaker="test-forgotten", state="closed")] == 1
    breakers.forget("test-forgotten")
    found = scrape()
    assert found[series("breakers", breaker="test-forgotten", state="closed")] == 0
    calls = series("breaker_calls_total", breaker="test-forgotten", outcome="success")
    assert found[calls] == 1


def test_breakers_of_many_endpoints_share_one_series(scrape):
    names = [f"webhook:{uuid.uuid4()}" for _ in range(3)]
    for name in names:
        breaker = breakers.get(name)
        breaker.succeeded(breaker.admit())
    found = scrape()
    for name in names:
        breakers.forget(name)
    assert found[series("breaker_calls_total", breaker="webhook:*", outcome="success")] == 3
    assert found[series("breakers", breaker="webhook:*", state="closed")] == 3


def test_a_breaker_made_anew_takes_back_nothing_that_was_counted(scrape):
    calls = series("breaker_calls_total", breaker="test-anew", outcome="success")
    for count in (5, 3, 1):
        breaker = breakers.replace("test-anew")
        for _ in range(count):
            breaker.succeeded(breaker.admit())
        found = scrape()
    assert found[calls] == 9
    breakers.forget("test-anew")


def test_reads_of_the_cache_are_counted_as_hits_and_misses(scrape):
    hits, misses = (series("cache_reads_total", outcome=word) for word in ("hit", "miss"))
    before = scrape()
    store().hits += 3
    store().misses += 1
    after = scrape()
    assert (after[hits] - before[hits], after[misses] - before[misses]) == (3, 1)


def test_a_process_that_takes_over_a_slot_goes_on_counting(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    breaker = breakers.get("test-slots")
    breaker.succeeded(breaker.admit())
    first, second = Book(), Book()
    first.flush()
    first.renew()
    second.flush()
    text = metrics.exposition().decode()
    breakers.forget("test-slots")
    # The two here and, in a slot of its own, the book of the process that answers the scrape.
    assert 'plinto_breaker_calls_total{breaker="test-slots",outcome="success"} 3.0' in text


def test_a_directory_that_cannot_be_written_costs_metrics_and_nothing_else(api, settings, tmp_path):
    settings.VAR_DIR = tmp_path / "file"
    settings.VAR_DIR.write_text("")
    answer = api.get("/metrics", token=TOKEN)
    assert answer.status_code == 200
    assert "plinto_ready" in answer.content.decode()
    assert "plinto_http_requests" not in answer.content.decode()


def test_a_database_that_hangs_holds_up_a_scrape_for_a_moment_and_is_not_asked_twice():
    hangs, asked = threading.Event(), []

    def look():
        asked.append(1)
        hangs.wait(30)
        return {measures.READY: {(): 1.0}}

    glancer = glance.Glancer(look, patience=0.05)
    for _ in range(3):
        assert glancer()[measures.READY] == {(): 0}
    assert len(asked) == 1
    hangs.set()
    eventually(lambda: glancer()[measures.READY] == {(): 1.0})


@pytest.mark.django_db(transaction=True)
def test_a_queue_shows_what_waits_how_long_and_what_was_given_up(scrape):
    now = timezone.now()
    for state, due, settled in [
        (State.DUE, now - timedelta(seconds=90), None),
        (State.DUE, now - timedelta(seconds=10), None),
        (State.DUE, now + timedelta(hours=1), None),
        (State.ABANDONED, now, now - timedelta(hours=1)),
        (State.ABANDONED, now, now - timedelta(days=3)),
        (State.SETTLED, now, now),
    ]:
        OutboundMail.objects.create(state=state, due_at=due, settled_at=settled, created_at=now)
    found = scrape()
    assert found[series("queue_due_rows", queue="mail")] == 2
    assert 90 <= found[series("queue_oldest_due_seconds", queue="mail")] < 150
    assert found[series("queue_abandoned_rows", queue="mail")] == 1


@pytest.mark.django_db(transaction=True)
def test_what_the_worker_did_is_counted_and_starts_at_zero(scrape):
    turns.renew()
    before = scrape()
    assert before[series("worker_turns_total", turn="trim counters", outcome="failed")] >= 0
    turns.note("mail", Outcome.FAILED)
    turns.note_try("mail", Outcome.ABANDONED)
    after = scrape()
    for grown in (
        series("worker_turns_total", turn="mail", outcome="failed"),
        series("queue_tries_total", queue="mail", outcome="abandoned"),
    ):
        assert after[grown] == before[grown] + 1


@pytest.mark.django_db(transaction=True)
def test_processes_are_counted_until_they_end_or_fall_silent(scrape):
    now = timezone.now()
    for kind, age, ended in [
        ("web", 1, None),
        ("web", 600, None),
        ("web", 2, now),
        ("worker", 60, None),
    ]:
        seen = now - timedelta(seconds=age)
        Process.objects.create(
            kind=kind, host="h", pid=1, started_at=seen, seen_at=seen, ended_at=ended
        )
    found = scrape()
    assert found[series("processes", kind="web")] == 1
    assert found[series("processes", kind="worker")] == 0
    assert 60 <= found[series("process_last_seen_seconds", kind="worker")] < 120
    assert found[series("rows_read")] == 1


@pytest.mark.django_db(transaction=True)
def test_readiness_and_each_dependency_are_told(scrape):
    found = scrape()
    assert found[series("ready")] == 1
    assert found[series("dependency_up", dependency="database")] == 1


def every_pattern(resolver=None, prefix=""):
    for entry in (resolver or get_resolver()).url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield pattern
        else:
            yield from every_pattern(entry, pattern)


def test_the_files_of_a_process_have_room_for_every_label():
    routes = {name_of(pattern) for pattern in every_pattern()}
    measure, longest = measures.HTTP_REQUESTS, max(routes, key=len)
    labels = ("DELETE", longest, "5xx")
    key = mmap_key(measure.name, measure.exported_name, measure.labels, labels, measure.meaning)
    methods, statuses, entry = 6, 5, len(key) + 32
    assert len(routes) * methods * statuses * entry < FILE_BYTES / 2
