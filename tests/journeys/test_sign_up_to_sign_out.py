"""From a stranger to a signed-out person, on both stores, with mail that really arrives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy

import pytest

from tests.factories import PASSWORD
from tests.journeys.clients import Caller, Visitor
from tests.journeys.waiting import eventually
from tests.journeys.world import World
from tests.servers.plinto import PlintoServer, WorkerProcess
from tests.servers.smtp import SMTPSink

pytestmark = pytest.mark.journey

EMAIL = "ada@example.com"
Place = tuple[Visitor, Callable[[], str]]


@pytest.fixture
def on_postgres_and_redis(deploy: Callable[..., World], sink: SMTPSink) -> Iterator[Place]:
    world = deploy(EMAIL_URL=sink.url)
    with WorkerProcess.start(world.web.environment):
        yield (
            world.visitor(EMAIL, is_kept=False),
            lambda: "".join(
                message.get_body(("plain",)).get_content() for message in sink.messages
            ),
        )


@pytest.fixture
def on_sqlite_alone() -> Iterator[Place]:
    with PlintoServer.start(WEB_WORKERS="2") as web, WorkerProcess.start(web.environment):
        yield Visitor(Caller(web.port, is_kept=False), EMAIL), lambda: letter_in_files(web)


@pytest.fixture(params=["on_postgres_and_redis", "on_sqlite_alone"])
def place(request: pytest.FixtureRequest) -> Place:
    return request.getfixturevalue(request.param)


def letter_in_files(web: PlintoServer) -> str:
    texts = []
    for file in web.mail_directory.glob("*"):
        letter = message_from_bytes(file.read_bytes(), policy=policy.default)
        texts.append(letter.get_body(("plain",)).get_content())
    return "".join(texts)


def sign_up(visitor: Visitor, read_mail: Callable[[], str]) -> None:
    body = {"email": EMAIL, "password": PASSWORD}
    answer = visitor.send("POST", "/auth/register", body)
    assert answer.status == 202
    code = re.search(r"\b\d{6}\b", eventually(read_mail, seconds=15))[0]
    proof = {"email": EMAIL, "code": code, "registration": answer.body["registration"]}
    assert visitor.send("POST", "/auth/verify-email", proof).status == 200


def test_a_stranger_signs_up_signs_in_goes_on_and_signs_out(place):
    visitor, read_mail = place
    sign_up(visitor, read_mail)
    assert visitor.sign_in().status == 200
    assert visitor.me().body["email_verified"] is True
    former = visitor.access
    assert visitor.go_on().status == 200
    assert visitor.access != former
    listed = visitor.send("GET", "/sessions").body["results"]
    assert [session["current"] for session in listed] == [True, False]
    assert visitor.send("POST", "/auth/logout").status == 204
    # Connections of their own: both workers are asked, and by both tokens of the session.
    refused = [visitor.me() for _ in range(8)]
    visitor.access = former
    refused.append(visitor.me())
    assert {(answer.status, answer.body["error"]) for answer in refused} == {(401, "SESSION_ENDED")}
    assert visitor.go_on().status == 401
