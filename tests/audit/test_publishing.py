"""Checkpoints sent elsewhere: each of them arrives, whatever fails on the way."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import override_settings

from audit import signatures
from audit.models import Checkpoint
from audit.services import checkpoint_keys, publishing
from audit.services.publishing import QUEUE
from plinto.kernel.environment import Address
from resilience import breakers
from resilience.leases import State
from resilience.worker import Shift, run_until_idle
from tests.audit.rows import NOON
from tests.audit.sealed import seal_all, written
from tests.races import at_once
from tests.servers.process import free_port
from tests.servers.website import Reply, Website

ACME, UMBRELLA = UUID(int=0xACE), UUID(int=0xBAD)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _key(db):
    checkpoint_keys.make_first(now=NOON)
    seal_all()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "checkpoints.jsonl"
    with override_settings(AUDIT_CHECKPOINT_FILE=str(path)):
        yield path


@contextmanager
def sending_to(url, port):
    with override_settings(AUDIT_CHECKPOINT_URL=url, OUTBOUND_ALLOWED={Address("127.0.0.1", port)}):
        yield
    breakers.forget(f"http:127.0.0.1:{port}")


@pytest.fixture
def site():
    with Website(lambda _: Reply(204)) as website, sending_to(website.url, website.port):
        yield website


def sealed(*owners):
    for owner in owners:
        written(owner)
    seal_all()


def publish(now=NOON):
    return run_until_idle([QUEUE], shift=Shift(clock=lambda: now))


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_where_nobody_wants_checkpoints_nothing_waits():
    sealed(ACME)
    assert Checkpoint.objects.get(chain=ACME).state == State.SETTLED
    assert publish() == 0


def test_each_checkpoint_is_a_line_that_verifies(file):
    sealed(ACME, UMBRELLA)
    sealed(ACME)
    publish()
    keys = checkpoint_keys.published()
    found = {(s.chain, s.number) for s in (signatures.verified(each, keys) for each in lines(file))}
    assert found == {(ACME, 1), (UMBRELLA, 1), (ACME, 2)}
    assert set(Checkpoint.objects.values_list("state", flat=True)) == {State.SETTLED}


def test_a_server_is_sent_each_checkpoint_once(site):
    sealed(ACME, UMBRELLA)
    publish()
    publish(NOON + timedelta(days=1))
    keys = checkpoint_keys.published()
    chains = [signatures.verified(json.loads(asked.body), keys).chain for asked in site.asked]
    assert sorted(chains) == [ACME, UMBRELLA]
    assert {asked.headers["content-type"] for asked in site.asked} == {"application/json"}


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_server_that_does_not_take_it_is_asked_for_days(site, status):
    site.answer = lambda _: Reply(status, {"Location": "http://127.0.0.1/"})
    sealed(ACME)
    for day in range(8):
        publish(NOON + timedelta(days=day))
    row = Checkpoint.objects.get(chain=ACME)
    assert row.state == State.DUE
    # After five failures of the server itself its breaker answers.
    assert row.last_error in {
        f"checkpoint server: status {status}",
        "checkpoint server: server error",
    }
    site.answer = lambda _: Reply()
    breakers.forget(f"http:127.0.0.1:{site.port}")
    publish(NOON + timedelta(days=9))
    assert Checkpoint.objects.get(chain=ACME).state == State.SETTLED


def test_a_server_that_is_away_does_not_fill_the_file(file):
    port = free_port()
    with sending_to(f"http://127.0.0.1:{port}", port):
        sealed(ACME)
        for day in range(3):
            publish(NOON + timedelta(days=day))
        assert Checkpoint.objects.get(chain=ACME).state == State.DUE
    assert len(lines(file)) == 1


def test_a_file_that_cannot_be_written_is_tried_again(tmp_path):
    path = tmp_path / "missing" / "checkpoints.jsonl"
    with override_settings(AUDIT_CHECKPOINT_FILE=str(path)):
        sealed(ACME)
        publish()
        row = Checkpoint.objects.get(chain=ACME)
        assert row.last_error == "checkpoint file: No such file or directory"
        path.parent.mkdir()
        publish(NOON + timedelta(days=1))
    assert len(lines(path)) == 1


def test_a_line_that_was_cut_in_half_spoils_no_other(file):
    file.write_text('{"statement": {"chain"')
    sealed(ACME)
    publish()
    assert json.loads(file.read_text().splitlines()[1])["statement"]["number"] == 1


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_moment_write_whole_lines(file):
    owners = [UUID(int=number) for number in range(1, 21)]
    sealed(*owners)
    at_once(lambda _: publish(), times=4)
    assert sorted(each["statement"]["chain"] for each in lines(file)) == [str(o) for o in owners]


def test_what_waits_for_a_server_that_is_wanted_no_more_is_settled(file):
    with sending_to("https://checkpoints.invalid/", 1):
        sealed(ACME)
    assert publishing.is_wanted()
    publish()
    assert Checkpoint.objects.get(chain=ACME).state == State.SETTLED
