"""What a client writes, and what reaches the application of it."""

from __future__ import annotations

from contextlib import ExitStack, closing

import pytest

from tests.journeys.waiting import eventually
from tests.serving.conftest import Echo, Told, received

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("serving")]

HOST = "Host: id.example.com"
MOST = 1 << 20


def test_a_request_becomes_an_environment(echo: Echo):
    told = echo.ask(
        "GET /a/b%20c%2Fd?q=%C3%A9&x HTTP/1.1", HOST, "X-Request-ID: one-of-many"
    ).environ
    assert told["REQUEST_METHOD"] == "GET"
    assert told["PATH_INFO"] == "/a/b c/d"
    assert told["QUERY_STRING"] == "q=%C3%A9&x"
    assert told["HTTP_HOST"] == "id.example.com"
    assert told["HTTP_X_REQUEST_ID"] == "one-of-many"
    assert (told["REMOTE_ADDR"], told["SERVER_PORT"]) == ("127.0.0.1", str(echo.port))
    assert told["SERVER_PROTOCOL"] == "HTTP/1.1"


def test_nothing_of_the_servers_own_environment_is_told(echo: Echo):
    assert "SECRET_KEY" not in echo.ask("GET / HTTP/1.1", HOST).environ


def test_a_path_beyond_ascii_is_what_wsgi_makes_of_its_bytes(echo: Echo):
    path = echo.ask("GET /%C3%A9 HTTP/1.1", HOST).environ["PATH_INFO"]
    assert path.encode("latin-1").decode() == "/é"


@pytest.mark.parametrize(
    "name", ["X_Forwarded_For", "X-Forwarded_For", "X_FORWARDED_FOR", "Content_Length", "Cookie_"]
)
def test_a_name_with_an_underscore_is_no_header(echo: Echo, name: str):
    told = echo.ask("GET / HTTP/1.1", HOST, "X-Forwarded-For: 10.1.1.1", f"{name}: 9").environ
    assert told["HTTP_X_FORWARDED_FOR"] == "10.1.1.1"
    assert [key for key in told if key.endswith(("_FORWARDED_FOR", "CONTENT_LENGTH"))] == [
        "HTTP_X_FORWARDED_FOR"
    ]


def test_headers_that_come_twice_are_one_list(echo: Echo):
    told = echo.ask(
        "GET / HTTP/1.1",
        HOST,
        "X-Forwarded-For: 1.1.1.1",
        "Cookie: a=1",
        "X-Forwarded-For: 2.2.2.2",
        "Cookie: b=2",
    ).environ
    assert told["HTTP_X_FORWARDED_FOR"] == "1.1.1.1,2.2.2.2"
    assert told["HTTP_COOKIE"] == "a=1; b=2"


def test_no_header_makes_a_request_private_and_the_private_address_does(echo: Echo):
    told = echo.ask(
        "GET / HTTP/1.1", HOST, "plinto.is_private: True", "plinto.is-private: 1"
    ).environ
    assert told["plinto.is_private"] is False
    told = echo.ask("GET / HTTP/1.1", HOST, port=echo.metrics_port).environ
    assert (told["plinto.is_private"], told["SERVER_PORT"]) == (True, str(echo.metrics_port))


@pytest.mark.parametrize("size", [0, 1, 70_000, MOST])
def test_a_body_of_announced_length_arrives_whole(echo: Echo, size: int):
    told = echo.ask("POST / HTTP/1.1", HOST, f"Content-Length: {size}", body=b"b" * size).environ
    assert (told["bytes"], told["CONTENT_LENGTH"]) == (size, str(size))


def test_a_body_that_is_too_long_by_its_own_word_is_not_read(echo: Echo):
    told = echo.ask("POST / HTTP/1.1", HOST, f"Content-Length: {MOST + 1}").environ
    assert told["bytes"] == 0


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def test_a_chunked_body_arrives_whole(echo: Echo):
    body = chunked(b"one ", b"two ", b"x" * 70_000) + b"0\r\n\r\n"
    told = echo.ask("POST / HTTP/1.1", HOST, "Transfer-Encoding: chunked", body=body).environ
    assert (told["bytes"], told["body"][:8]) == (70_008, "one two ")


def test_a_chunked_body_is_read_as_far_as_it_takes_to_refuse_it(echo: Echo):
    body = chunked(*[b"x" * 65_536] * 17)
    told = echo.ask("POST / HTTP/1.1", HOST, "Transfer-Encoding: chunked", body=body).environ
    assert MOST < told["bytes"] <= MOST + 65_536


@pytest.mark.parametrize("announced", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_a_body_that_breaks_off_reaches_nobody(echo: Echo, announced: str):
    asked = f"POST /broken-off HTTP/1.1\r\n{HOST}\r\n{announced}\r\n\r\n"
    with closing(echo.connect()) as connection:
        connection.sendall(asked.encode() + chunked(b"a=1&b=2"))
    eventually(lambda: echo.ask("GET / HTTP/1.1", HOST).status == 200, seconds=10)
    assert "broken-off" not in echo.process.log_tail(100_000)


def test_who_asks_first_whether_to_send_the_body_is_told_to(echo: Echo):
    asked = f"POST / HTTP/1.1\r\n{HOST}\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
    with closing(echo.connect()) as connection:
        connection.sendall(asked.encode() + b"Connection: close\r\n\r\n")
        assert connection.recv(25).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"{}")
        assert Told(received(connection)).environ["bytes"] == 2


def test_head_is_answered_with_the_length_and_without_the_body(echo: Echo):
    told = echo.ask("HEAD / HTTP/1.1", HOST)
    assert told.status == 200
    assert "content-length: " in told.head
    assert told.body == b""
    assert echo.ask("HEAD /stream/100 HTTP/1.1", HOST).body == b""


@pytest.mark.parametrize(
    ("lines", "statuses"),
    [
        ([f"GET /{'x' * 9_000} HTTP/1.1", HOST], {414}),
        (["GET / HTTP/1.1", HOST, "X-Long: " + "x" * 140_000], {431}),
        (["GET / HTTP/1.1", HOST, *[f"X-{number}: 1" for number in range(120)]], {431}),
        (["GET / HTTP/1.1 nonsense", HOST], {400}),
        (["\x00\x01\x02"], {400}),
        (["POST / HTTP/1.1", HOST, "Content-Length: 1", "Content-Length: 2"], {400}),
        (["POST / HTTP/1.1", HOST, "Content-Length: -1"], {400}),
        (["POST / HTTP/1.1", HOST, "Content-Length: 1", "Transfer-Encoding: gzip"], {400}),
        (["GET / HTTP/1.1", HOST, "X-Head : 1"], {400}),
        (["GET / HTTP/1.1", HOST, "X-Head: a\rb"], {400}),
        (["OPTIONS * HTTP/1.1", HOST], {200}),
        (["GET http://other.example/x HTTP/1.1", HOST], {200}),
        (["GET / HTTP/1.0"], {200}),
    ],
)
def test_what_is_no_proper_request_is_refused_and_nothing_breaks(echo: Echo, lines, statuses):
    assert echo.ask(*lines).status in statuses


def test_a_length_beside_chunks_is_not_believed(echo: Echo):
    """Request smuggling: where both are told, the chunks decide and the length is dropped."""
    body = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    told = echo.ask(
        "POST / HTTP/1.1", HOST, "Content-Length: 40", "Transfer-Encoding: chunked", body=body
    )
    assert told.status == 400 or told.environ["bytes"] == 0


def test_an_application_that_fails_is_a_500_and_the_next_request_is_served(echo: Echo):
    assert echo.ask("GET /fails HTTP/1.1", HOST).status == 500
    assert echo.ask("GET / HTTP/1.1", HOST).status == 200


def test_slow_bodies_hold_no_thread(echo: Echo):
    begun = f"POST / HTTP/1.1\r\n{HOST}\r\nContent-Length: 1000\r\n\r\nslow".encode()
    with ExitStack() as open_ones:
        for _ in range(20):
            open_ones.enter_context(closing(echo.connect())).sendall(begun)
        assert echo.ask("GET / HTTP/1.1", HOST).status == 200
