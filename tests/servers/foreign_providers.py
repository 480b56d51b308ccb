"""
Identity providers that others wrote: one from npm that is certified, one from PyPI.

They run as processes and show the pages that a person would see; ``visit`` fills them in.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import lxml.html
import pytest

from accounts.providers import Provider
from plinto.kernel.environment import Address
from tests.servers.identity_provider import CLIENT, SECRET
from tests.servers.process import ServerProcess, free_port, temporary_directory

_HERE = Path(__file__).parent / "oidc"
_PAGES = 15


class ForeignProvider:
    """One of them, while it runs."""

    def __init__(self, port: int, *, client_id: str) -> None:
        self.client_id = client_id
        self.issuer = f"http://127.0.0.1:{port}"
        self.destination = Address("127.0.0.1", port)

    @property
    def url(self) -> str:
        return self.issuer

    def provider(self) -> Provider:
        return Provider(
            name="acme",
            title="Acme",
            issuer=self.issuer,
            client_id=self.client_id,
            client_secret=SECRET,
        )

    def visit(
        self, url: str, name: str, *, until: str, browser: httpx2.Client | None = None
    ) -> str:
        """
        Do on the provider's pages what they ask, as somebody; returns where they lead back to.

        A ``browser`` of one's own is known there from one visit to the next.
        """
        if browser is None:
            with _browser() as stranger:
                return self.visit(url, name, until=until, browser=stranger)
        answer = browser.get(url)
        for _ in range(_PAGES):
            if answer.is_redirect:
                location = urljoin(str(answer.url), answer.headers["location"])
                if location.startswith(until):
                    return location
                answer = browser.get(location)
            else:
                answer = _submit(browser, answer, name)
        raise AssertionError(f"{answer.status_code}: {answer.text[:500]}")


def _browser() -> httpx2.Client:
    return httpx2.Client(timeout=20, follow_redirects=False)


def _submit(browser: httpx2.Client, answer: httpx2.Response, name: str) -> httpx2.Response:
    page = lxml.html.fromstring(answer.content)
    form = page.forms[0]
    filled = dict(form.form_values())
    if page.xpath("//button[@name='logout']"):
        filled["logout"] = "yes"
    typed = {"login": name, "sub": name, "password": "x"}
    filled |= {
        each.get("name"): typed[each.get("name")]
        for each in form.inputs
        if each.get("name") in typed
    }
    return browser.post(urljoin(str(answer.url), form.get("action") or ""), data=filled)


@contextmanager
def from_npm(callback: str, *signed_out_and_told: str) -> Iterator[ForeignProvider]:
    """
    Run the certified provider; its people are NAME@example.com, those called unproved not.

    Two more addresses let people sign out: where they go then, and who is told of it.
    """
    node = shutil.which("node")
    if node is None or not (_HERE / "node_modules" / "oidc-provider").is_dir():
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("There is no oidc-provider on this machine: npm ci --prefix tests/servers/oidc")
    port = free_port()
    command = [str(node), "server.mjs", str(port), callback, *signed_out_and_told]
    with _running(command, port, client_id=CLIENT) as provider:
        yield provider


@contextmanager
def from_pypi(*claims: str) -> Iterator[ForeignProvider]:
    """Run the provider that believes everything; ``claims`` are people as JSON."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    command += [word for each in claims for word in ("--user-claims", each)]
    # It does not decode what RFC 6749, section 2.3.1 has clients encode.
    with _running(command, port, client_id="plinto") as provider:
        yield provider


@contextmanager
def _running(command: list[str], port: int, *, client_id: str) -> Iterator[ForeignProvider]:
    with ExitStack() as over:
        directory = temporary_directory("oidc")
        over.callback(shutil.rmtree, directory, ignore_errors=True)
        process = ServerProcess(command, log=directory / "log", directory=_HERE)
        over.callback(process.stop)
        provider = ForeignProvider(port, client_id=client_id)
        process.wait_until(lambda: _answers(provider.issuer), seconds=60)
        yield provider


def _answers(issuer: str) -> bool:
    try:
        return httpx2.get(f"{issuer}/.well-known/openid-configuration").status_code == 200
    except httpx2.HTTPError:
        return False
