"""
Every way in which a mail server goes wrong: requests never notice, and no letter is lost.

Requests only write letters down, so nothing here may change their answers or their time; the worker
sends them, and tries again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from tests.factories import PASSWORD
from tests.journeys.clients import Answer
from tests.journeys.ledger import summary
from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.fault_proxy import FaultProxy
from tests.servers.plinto import WorkerProcess
from tests.servers.postgres import PostgresServer
from tests.servers.smtp import SMTPSink

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("smtp faults")]

# Mail servers get ten seconds for each step; an answer that took this long has not waited for one.
AT_ONCE = 5.0
# The breaker of the mail server tries again after about 15 s, and a row after 10 s at most.
ARRIVES_WITHIN = 60.0
FAILURES_ALLOWED = 5


@dataclass
class PostOffice:
    """A deployment with a worker, and its mail server behind a proxy."""

    world: World
    worker: WorkerProcess
    proxy: FaultProxy
    sink: SMTPSink

    def register(self, *emails: str) -> list[Answer]:
        caller = self.world.caller(is_kept=False)
        bodies = [{"email": email, "password": PASSWORD} for email in emails]
        return [caller.send("POST", "/api/v1/auth/register", body) for body in bodies]

    def letters(self, *emails: str) -> list[str]:
        """The ids of all letters that ``emails`` got; letters of other tests may still come."""
        return [
            message["Message-ID"] for message in list(self.sink.messages) if message["To"] in emails
        ]

    def has_one_each(self, *emails: str) -> bool:
        got = Counter(message["To"] for message in list(self.sink.messages))
        return [got[email] for email in emails] == [1] * len(emails)

    def is_idle(self) -> bool:
        return self.world.sql(
            "SELECT count(*) FROM accounts_outbound_mail WHERE lease IS NOT NULL"
        ) == [(0,)]

    def rows(self, *emails: str) -> list[tuple[str, int, str]]:
        """State, attempts and last error of the letters to ``emails``."""
        return self.world.sql(
            "SELECT state, attempts, last_error FROM accounts_outbound_mail"
            " WHERE recipient = ANY(%s)",
            list(emails),
        )


@pytest.fixture(scope="module")
def office(shared_postgres: PostgresServer) -> Iterator[PostOffice]:
    with (
        SMTPSink.start() as sink,
        FaultProxy(("127.0.0.1", sink.port)) as proxy,
        deployed(shared_postgres, EMAIL_URL=f"smtp://127.0.0.1:{proxy.port}") as world,
        WorkerProcess.start(world.web.environment) as worker,
    ):
        yield PostOffice(world, worker, proxy, sink)


@pytest.fixture(autouse=True)
def _well_again(office: PostOffice) -> Iterator[None]:
    yield
    office.proxy.set("ok")
    office.sink.clear()


def strangers(count: int) -> list[str]:
    return [f"{uuid4().hex}@example.com" for _ in range(count)]


def test_while_the_mail_server_is_down_everybody_gets_202_and_afterwards_every_letter(
    office, figure
):
    known, unknown = office.world.populate(10), strangers(10)
    office.proxy.set("refuse")
    to_strangers, to_people = office.register(*unknown), office.register(*known)
    figure(f"unknown {summary(to_strangers)}; known {summary(to_people)}")
    answers = to_strangers + to_people
    assert {(one.status, *one.body) for one in answers} == {(202, "status", "registration")}
    assert max(answer.seconds for answer in answers) < AT_ONCE
    eventually(lambda: '"breaker":"smtp"' in office.worker.log(), seconds=30)
    # A claimed letter counts an attempt until it is handed back untouched.
    eventually(office.is_idle, seconds=10)
    attempts = [attempts for _, attempts, _ in office.rows(*known, *unknown)]
    figure(f"{sum(attempts)} attempts for {len(attempts)} letters until the circuit opened")
    assert sum(attempts) <= FAILURES_ALLOWED
    office.proxy.set("ok")
    eventually(lambda: office.has_one_each(*known, *unknown), seconds=ARRIVES_WITHIN)


def test_a_mail_server_that_stalls_holds_up_no_answer_and_loses_no_letter(office, figure):
    office.proxy.set("blackhole")
    waiting = strangers(2)
    answers = office.register(*waiting)
    eventually(lambda: any(row[1] for row in office.rows(*waiting)), seconds=ARRIVES_WITHIN)
    answers += office.register(*(later := strangers(2)))
    figure(summary(answers))
    assert {answer.status for answer in answers} == {202}
    assert max(answer.seconds for answer in answers) < AT_ONCE
    office.proxy.set("ok")
    eventually(lambda: office.has_one_each(*waiting, *later), seconds=ARRIVES_WITHIN)


def test_a_letter_that_is_refused_for_now_arrives_once(office):
    office.sink.fail(2, 451)
    wanted = strangers(3)
    office.register(*wanted)
    eventually(lambda: office.has_one_each(*wanted), seconds=ARRIVES_WITHIN)
    eventually(lambda: {state for state, _, _ in office.rows(*wanted)} == {"settled"}, seconds=10)
    assert sum(attempts for _, attempts, _ in office.rows(*wanted)) == len(wanted) + 2


def test_a_letter_that_was_taken_without_a_word_comes_again_under_the_same_id(office):
    office.sink.hang_up(1)
    [wanted] = strangers(1)
    office.register(wanted)
    eventually(lambda: len(office.letters(wanted)) == 2, seconds=ARRIVES_WITHIN)
    assert len(set(office.letters(wanted))) == 1
    eventually(lambda: office.rows(wanted)[0][0] == "settled", seconds=10)


# Last, because its letter is tried again and would meet the faults of another test.
def test_an_address_that_nobody_has_keeps_nobody_elses_letter(office):
    nobody, others = "nobody@example.com", strangers(3)
    office.sink.disown(nobody)
    office.register(nobody, *others)
    eventually(lambda: office.has_one_each(*others), seconds=ARRIVES_WITHIN)
    [(state, attempts, error)] = eventually(
        lambda: [row for row in office.rows(nobody) if row[2]], seconds=10
    )
    assert state == "due"
    assert attempts >= 1
    assert "550" in error
