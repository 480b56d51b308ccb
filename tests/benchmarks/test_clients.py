"""The clients of benchmarks count what a server answers, and go on from what it told them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from benchmarks.load import Stream, press
from benchmarks.promises import told


class Counting(BaseHTTPRequestHandler):
    """Answers a POST with the token after the one it was sent, and a GET with 404."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(200, {"refresh": str(int(sent["refresh"]) + 1)})

    def do_GET(self) -> None:
        self._answer(404, {})

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def counting() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Counting) as server:
        Thread(target=server.serve_forever).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def test_each_connection_goes_on_from_its_own_token():
    chain = {"path": "/", "body": {"refresh": "{token}"}, "field": "refresh"}

    with counting() as port:
        [tally] = press(port, [Stream(2, chain=chain, tokens=["0", "1000000"])], 0.2)

    first, second = (int(token) for token in tally.tokens)
    assert first > 0
    assert second > 1_000_000
    assert first + second - 1_000_000 == tally.answered == tally.as_expected


def test_answers_of_the_lead_are_counted_and_not_timed():
    posts = {"method": "POST", "path": "/", "body": {"refresh": "0"}}

    with counting() as port:
        [tally] = press(port, [Stream(2, [posts], lead=0.4)], 0.2)

    assert 0 < tally.timed < tally.as_expected == tally.answered
    assert tally.rate == pytest.approx(tally.timed / 0.2, rel=0.5)


def test_an_answer_with_another_status_is_no_success():
    with counting() as port:
        [tally] = press(port, [Stream(1, [{"method": "GET", "path": "/"}])], 0.2)

    assert tally.as_expected == 0
    assert tally.statuses == {"404": tally.answered}


def test_requests_that_are_sent_once_end_with_the_last_of_them():
    asked = [{"method": "GET", "path": "/"}] * 7

    with counting() as port:
        [tally] = press(port, [Stream(3, asked, once=True, expects=404)], 30)

    assert tally.as_expected == 7
    assert tally.seconds < 30


@pytest.mark.parametrize(("ours", "verdict"), [(500.0, "kept"), (501.0, "missed")])
def test_a_promise_is_judged_by_its_target(ours, verdict):
    cell = {"workload": "me", "variant": "", "connections": 64}
    cells = [
        {**cell, "contender": "Plinto", "cpu": ours},
        {**cell, "contender": "djoser, gunicorn", "cpu": 2_000.0},
    ]

    judged = {row["line"]: row for row in told({"cells": cells})}

    assert judged["GET me beside djoser on gunicorn"]["verdict"] == verdict
    assert judged["GET me beside djoser on granian"]["verdict"] == "not measured"
