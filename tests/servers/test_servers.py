"""The servers of the suite keep what their names promise; other tests rest on them."""

from __future__ import annotations

import socket
import time
from email.message import EmailMessage
from smtplib import SMTP, SMTPDataError

import psycopg
import pytest

from tests.servers.fault_proxy import FaultProxy
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerError
from tests.servers.redis import RedisReplyError, RedisServer
from tests.servers.small_disk import small_disk
from tests.servers.smtp import SMTPSink


def test_a_killed_redis_refuses_and_comes_back_empty():
    with RedisServer.start() as server:
        server.cli("SET", "name", "value")
        server.kill()
        with pytest.raises(ConnectionRefusedError):
            server.cli("PING")
        server.restart()
        assert server.cli("GET", "name") is None


def test_a_stalled_redis_is_silent_until_it_is_resumed():
    with RedisServer.start() as server:
        server.cli("SET", "name", "value")
        server.stall()
        with pytest.raises(TimeoutError):
            server.cli("GET", "name")
        server.resume()
        assert server.cli("GET", "name") == "value"


def test_replies_of_redis_keep_their_types():
    with RedisServer.start() as server:
        assert server.cli("INCR", "count") == 1
        server.cli("RPUSH", "list", "a", "ü")
        assert server.cli("LRANGE", "list", 0, -1) == ["a", "ü"]
        with pytest.raises(RedisReplyError, match="WRONGTYPE"):
            server.cli("GET", "list")


def test_a_redis_that_was_named_from_outside_cannot_be_harmed():
    with RedisServer.start() as outside:
        server = RedisServer(url=outside.url, is_ours=False)
        with pytest.raises(ServerError, match="TEST_REDIS_URL"):
            server.kill()
        assert server.cli("PING") == "PONG"


def test_a_server_that_cannot_start_shows_its_log():
    with pytest.raises(ServerError, match="no-such-option"):
        RedisServer.start(None, "--no-such-option", "1")


def test_a_killed_postgres_keeps_what_was_committed(postgres_server: PostgresServer):
    url = postgres_server.create_database("killed")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    postgres_server.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)
    postgres_server.restart()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_a_stalled_postgres_holds_open_connections_too(postgres_server: PostgresServer):
    connection = psycopg.connect(postgres_server.url, autocommit=True)
    postgres_server.stall()
    connection.pgconn.send_query(b"SELECT 1")
    time.sleep(0.2)
    connection.pgconn.consume_input()
    assert connection.pgconn.is_busy()
    postgres_server.resume()
    assert connection.pgconn.get_result().get_value(0, 0) == b"1"
    connection.close()


def is_said(url: str, words: str, *, seconds: float = 10) -> bool:
    """Knock until the server answers in ``words``; none for being let in."""
    deadline, answer = time.monotonic() + seconds, None
    while answer is None or (words not in answer if words else answer):
        if time.monotonic() > deadline:
            return False
        try:
            psycopg.connect(url, connect_timeout=2).close()
            answer = ""
        except psycopg.OperationalError as error:
            answer = str(error)
    return True


@pytest.mark.parametrize(
    ("state", "words"),
    [("recovering", "in recovery mode"), ("starting_up", "is starting up")],
)
def test_a_postgres_that_is_not_ready_says_so_and_then_lets_everybody_in(
    postgres_server: PostgresServer, state, words
):
    with getattr(postgres_server, state)():
        assert is_said(postgres_server.url, words)
    assert is_said(postgres_server.url, "")


def test_a_small_disk_can_be_filled_and_has_room_again():
    with small_disk(mib=4) as disk:
        log = disk.path / "log"
        with disk.full(), pytest.raises(OSError, match="No space"):
            log.write_text("line")
        assert log.write_text("line") == 4
    assert not disk.path.exists()


def test_the_mail_server_keeps_what_it_accepts_and_nothing_it_refuses(smtp: SMTPSink):
    message = EmailMessage()
    message["Subject"] = "Grüße"
    message.set_content("Hello")
    smtp.fail(1, 451)
    with SMTP("127.0.0.1", smtp.port) as client:
        with pytest.raises(SMTPDataError, match="451"):
            client.send_message(message, "a@example.com", ["b@example.com"])
        client.send_message(message, "a@example.com", ["b@example.com"])
    assert [kept["Subject"] for kept in smtp.messages] == ["Grüße"]


@pytest.fixture
def proxy():
    with RedisServer.start() as server, FaultProxy(("127.0.0.1", server.port)) as proxy:
        yield proxy


def ping(port: int, *, patience: float = 0.3) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(100)


def test_the_proxy_passes_bytes_on_by_default(proxy):
    assert ping(proxy.port) == b"+PONG\r\n"


def test_the_proxy_slices_answers_into_single_bytes(proxy):
    proxy.set("slice")
    assert b"+PONG\r\n".startswith(ping(proxy.port))


@pytest.mark.parametrize(
    ("mode", "fault"),
    [
        ("refuse", ConnectionRefusedError),
        ("reset", ConnectionResetError),
        ("blackhole", TimeoutError),
        ("latency:1", TimeoutError),
    ],
)
def test_the_proxy_goes_wrong_as_told_and_recovers(proxy, mode, fault):
    proxy.set(mode)
    with pytest.raises(fault):
        ping(proxy.port)
    proxy.set("ok")
    assert ping(proxy.port) == b"+PONG\r\n"


def test_the_proxy_cuts_an_answer_in_the_middle(proxy):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=1) as connection:
        proxy.set("cut:6")
        connection.sendall(b"PING\r\n")
        assert connection.recv(100) == b"+PONG\r"
        with pytest.raises(ConnectionResetError):
            connection.recv(100)


def test_a_black_hole_swallows_open_connections_and_gives_back_what_it_held(proxy):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.2) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(100) == b"+PONG\r\n"
        proxy.set("blackhole")
        connection.sendall(b"PING\r\n")
        with pytest.raises(TimeoutError):
            connection.recv(100)
        proxy.set("ok")
        connection.settimeout(2)
        assert connection.recv(100) == b"+PONG\r\n"
