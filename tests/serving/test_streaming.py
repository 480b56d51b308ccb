"""Long answers keep the pace of the client, and never look whole when they are not."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from tests.journeys.waiting import eventually
from tests.servers.echo import CHUNK
from tests.serving.conftest import Echo, received

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("serving")]

HOST = "Host: id.example.com"


def chunks_made(echo: Echo) -> int:
    return echo.process.log_tail(100_000).count("chunk ")


def begun(echo: Echo, path: str) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    connection.settimeout(30)
    connection.connect(("127.0.0.1", echo.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\n{HOST}\r\nConnection: close\r\n\r\n".encode())
    return connection


@pytest.mark.parametrize("count", [0, 1, 300])
def test_every_byte_arrives(echo: Echo, count: int):
    content = echo.ask(f"GET /stream/{count} HTTP/1.0").body
    assert len(content) == count * len(CHUNK)


def test_an_answer_that_breaks_off_is_seen_to(echo: Echo):
    with closing(begun(echo, "/broken/300")) as connection:
        assert not received(connection).endswith(b"0\r\n\r\n")
    assert echo.ask("GET /broken/2 HTTP/1.1", HOST).status in {0, 500}


def test_no_more_is_made_than_a_client_reads_and_it_is_hung_up_on_at_last(echo: Echo):
    before = chunks_made(echo)
    with closing(begun(echo, "/stream/3000")) as connection:
        eventually(lambda: "request.too_long" in echo.process.log_tail(100_000), seconds=20)
        assert chunks_made(echo) - before < 1000
        assert len(received(connection)) < 3000 * len(CHUNK)
    assert echo.ask("GET / HTTP/1.1", HOST).status == 200


def test_a_client_that_leaves_ends_the_work_for_it(echo: Echo):
    closed = echo.process.log_tail(100_000).count("closed")
    begun(echo, "/stream/3000").close()
    eventually(lambda: echo.process.log_tail(100_000).count("closed") > closed, seconds=20)
