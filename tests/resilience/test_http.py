"""What is asked outside, and what is not: addresses, names, time, sizes."""

from __future__ import annotations

import itertools
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.test import override_settings

from plinto.kernel.environment import Address
from resilience import http
from resilience.breaker import Breaker
from resilience.circuit import Policy, State
from resilience.errors import CircuitOpenError, OutboundFailedError, OutboundRefusedError
from tests.servers.certificates import certified, serving
from tests.servers.process import free_port
from tests.servers.website import Asked, Reply, Website

NAME = "idp.example"


def said(*parts: bytes, status: int = 200, **headers: str) -> Callable[[Asked], Reply]:
    """Answer the same to everybody."""
    return lambda _: Reply(status, headers, parts)


def leading_to(*addresses: str) -> http.Resolve:
    return lambda *_: list(addresses)


@pytest.fixture
def site() -> Iterator[Callable[..., Website]]:
    """Start websites that ``OUTBOUND_ALLOWED`` names, at their address and as idp.example."""
    with ExitStack() as running:
        allowed: set[Address] = set()
        running.enter_context(override_settings(OUTBOUND_ALLOWED=allowed))

        def start(answer: Callable[[Asked], Reply], **options) -> Website:
            website = running.enter_context(Website(answer, **options))
            allowed.update({Address("127.0.0.1", website.port), Address(NAME, website.port)})
            return website

        yield start


def test_an_answer_comes_back_whole_whatever_its_status(site):
    website = site(said(b"no ", b"such thing", status=404, **{"X-Why": "gone"}))
    answer = http.send("POST", f"{website.url}/a?b=c", content=b"x=1", headers={"Accept": "x/y"})
    assert (answer.status, answer.body) == (404, b"no such thing")
    assert answer.headers["x-why"] == "gone"
    [asked] = website.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/a?b=c", b"x=1")
    assert asked.headers["host"] == f"127.0.0.1:{website.port}"
    assert asked.headers["accept"] == "x/y"


@pytest.mark.parametrize(
    "url",
    [
        "http://idp.example/",
        "https://idp.example:8443/",
        "ftp://idp.example/",
        "file:///etc/passwd",
        "https://user@idp.example/",
        "https://user:secret@idp.example/",
        "https://idp.example/#part",
        "https://idp.example\\@evil.example/",
        "https://idp.example/a b",
        "https://idp.example/\r\nX: y",
        "https://idp.example:99999/",
        "https://ıdp.example/",
        "https:///path",
        "//idp.example/",
        "",
    ],
)
def test_an_address_that_is_not_plain_https_on_443_is_refused_unasked(url):
    asked = []
    with pytest.raises(OutboundRefusedError):
        http.send("GET", url, lookup=lambda *name: asked.append(name) or ["1.1.1.1"])
    assert asked == []


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["169.254.169.254"],
        ["1.1.1.1", "127.0.0.1"],
        ["::1", "2606:4700::1111"],
    ],
)
def test_a_name_with_one_address_inside_is_not_connected_to(found):
    with pytest.raises(OutboundRefusedError) as refusal:
        http.send("GET", f"https://{NAME}/", lookup=leading_to(*found))
    assert refusal.value.reason == "private address"
    assert http.breaker_of(NAME, 443).standing.state is State.CLOSED


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "localhost"])
def test_no_spelling_of_this_machine_gets_through(host):
    with pytest.raises(OutboundRefusedError):
        http.send("GET", f"https://{host}/")


def test_a_name_is_resolved_once_and_the_judged_address_is_connected_to(site):
    website = site(said(b"ok"))
    answers = itertools.chain([["127.0.0.1"]], itertools.repeat(["127.0.0.2"]))
    answer = http.send("GET", f"http://{NAME}:{website.port}/", lookup=lambda *_: next(answers))
    assert answer.body == b"ok"
    assert next(answers) == ["127.0.0.2"]  # asked once
    assert website.asked[0].headers["host"] == f"{NAME}:{website.port}"


def test_the_next_address_is_tried_when_one_does_not_answer(site):
    website = site(said(b"ok"))
    found = leading_to("127.0.0.9", "127.0.0.1")
    assert http.send("GET", f"http://{NAME}:{website.port}/", lookup=found).body == b"ok"


def test_a_redirect_is_an_answer_and_is_not_followed(site):
    elsewhere = site(said(b"inside"))
    website = site(said(status=302, Location=f"{elsewhere.url}/"))
    assert http.send("GET", website.url).status == 302
    assert elsewhere.asked == []


@pytest.fixture
def variable() -> Iterator[Callable[[str, str], None]]:
    """Set variables of this process for the length of a test."""
    before = dict(os.environ)
    yield os.environ.__setitem__
    os.environ.clear()
    os.environ.update(before)


def test_a_proxy_of_the_environment_is_not_used(site, variable):
    proxy, website = site(said(b"proxied")), site(said(b"direct"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        variable(name, proxy.url)
    assert http.send("GET", website.url).body == b"direct"


def test_a_body_of_more_than_64_kilobytes_is_not_read_to_its_end(site):
    sent = []

    def endless(_: Asked) -> Reply:
        return Reply(parts=(sent.append(1) or b"x" * 1024 for _ in range(100_000)))

    website = site(endless)
    with pytest.raises(OutboundFailedError) as failure:
        http.send("GET", website.url)
    assert failure.value.reason == "too large"
    assert len(sent) < 100_000


def test_who_keeps_the_beginning_gets_it_however_the_body_goes_on(site):
    sent = []

    def endless(_: Asked) -> Reply:
        return Reply(parts=(sent.append(1) or b"x" * 1024 for _ in range(100_000)))

    assert http.send("GET", site(endless).url, keep=100).body == b"x" * 100
    assert len(sent) < 100_000
    broken_off = site(said(b"half", **{"Content-Length": "1000"}))
    assert http.send("GET", broken_off.url, keep=100).body == b"half"
    zipped = site(said(b"\x1f\x8b", status=202, **{"Content-Encoding": "gzip"}))
    answer = http.send("GET", zipped.url, keep=100)
    assert (answer.status, answer.body) == (202, b"")


def test_a_breaker_of_the_caller_leaves_that_of_the_host_alone(site):
    broken, mine = site(said(status=500)), Breaker("mine", policy=Policy(failure_threshold=1))
    http.send("GET", broken.url, breaker=mine)
    with pytest.raises(CircuitOpenError):
        http.send("GET", broken.url, breaker=mine)
    assert http.send("GET", broken.url).status == 500
    assert http.breaker_of("127.0.0.1", broken.port).failure_count == 1


def test_a_compressed_body_is_refused_unopened(site):
    website = site(said(b"\x1f\x8b", **{"Content-Encoding": "gzip"}))
    with pytest.raises(OutboundFailedError):
        http.send("GET", website.url)
    assert website.asked[0].headers["accept-encoding"] == "identity"


def test_a_slow_drip_ends_with_the_exchange(site):
    ends, over = threading.Event(), threading.Event()

    def drip() -> Iterator[bytes]:
        while not ends.wait(0.05):
            yield b"."
        over.set()

    website = site(lambda _: Reply(parts=drip()))
    with pytest.raises(OutboundFailedError) as failure:
        http.send("GET", website.url, seconds=0.5)
    # It would drip for ever, so only the deadline can have ended it.
    assert failure.value.reason == "timeout"
    ends.set()


def test_a_server_that_says_nothing_ends_with_the_exchange():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with (
            override_settings(OUTBOUND_ALLOWED={Address("127.0.0.1", port)}),
            pytest.raises(OutboundFailedError) as failure,
        ):
            http.send("GET", f"http://127.0.0.1:{port}/", seconds=0.3)
    assert failure.value.reason == "timeout"


def test_a_name_that_nobody_knows_is_a_failure_of_its_host():
    with pytest.raises(OutboundFailedError) as failure:
        http.send("GET", f"https://{'a' * 64}.example/")
    assert failure.value.reason == "unknown name"


def test_a_host_that_keeps_failing_is_left_alone_and_others_are_not(site):
    port, other = free_port(), site(said(b"ok"))
    with override_settings(
        OUTBOUND_ALLOWED={Address("127.0.0.1", port), Address("127.0.0.1", other.port)}
    ):
        for _ in range(5):
            with pytest.raises(OutboundFailedError):
                http.send("GET", f"http://127.0.0.1:{port}/")
        with pytest.raises(CircuitOpenError):
            http.send("GET", f"http://127.0.0.1:{port}/")
        assert http.send("GET", other.url).body == b"ok"


def test_errors_of_the_server_count_as_failures_and_refusals_do_not(site):
    broken, strict = site(said(status=503)), site(said(status=400))
    assert {http.send("GET", broken.url).status for _ in range(5)} == {503}
    with pytest.raises(CircuitOpenError):
        http.send("GET", broken.url)
    assert {http.send("GET", strict.url).status for _ in range(7)} == {400}


def test_the_certificate_is_checked_for_the_name_although_an_address_is_connected_to(
    site, tmp_path
):
    secret, pem = certified(NAME)
    server = serving(secret, pem, directory=tmp_path)
    asked_for = []
    server.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    website = site(said(b"ok"), tls=server)
    trusting = ssl.create_default_context(cadata=pem.decode())
    here = leading_to("127.0.0.1")
    url = f"https://{NAME}:{website.port}/"
    assert http.send("GET", url, lookup=here, tls=trusting).body == b"ok"
    assert asked_for == [NAME]
    with pytest.raises(OutboundFailedError) as failure:
        http.send("GET", url, lookup=here)
    assert failure.value.reason == "tls"
    with pytest.raises(OutboundFailedError):
        http.send("GET", f"https://127.0.0.1:{website.port}/", tls=trusting)
