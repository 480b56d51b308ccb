"""
SAML identity providers that others wrote, as processes, and the browser that goes there.

Each is told of Plinto by Plinto's metadata alone, and tells of itself by its own. In each there is
one person: ada, with the password adapass.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2
import lxml.html
import pytest

from tests.servers.process import ServerProcess, free_port, temporary_directory
from tests.sso.attacks.signing import armoured, key_of

_PAGES = 15
_TYPED = {"username": "ada", "password": "adapass"}


@dataclass
class ForeignSaml:
    """One of them, while it runs; ``directory`` has what it reads at each request."""

    name: str
    url: str
    metadata_path: str
    directory: Path
    browser: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=30))

    def metadata(self) -> bytes:
        """What it says of itself."""
        answer = httpx2.get(f"{self.url}{self.metadata_path}")
        assert answer.status_code == 200, answer.text[:500]
        return answer.content

    def learn(self, metadata: bytes) -> None:
        """Tell it what Plinto says of itself."""
        (self.directory / "sp.xml").write_bytes(metadata)

    def encrypt(self) -> None:
        """Let it encrypt assertions from now on."""
        (self.directory / "encrypt").touch()

    def sign_in(self, url: str, *, until: str) -> dict[str, str]:
        """Go there, fill in what it asks, and return the form that it has the browser post."""
        answer = self.browser.get(url)
        for _ in range(_PAGES):
            if answer.is_redirect:
                answer = self.browser.get(_location(answer))
                continue
            form = _form(answer)
            action = urljoin(str(answer.url), form.get("action") or "")
            filled = dict(form.form_values())
            if action == until:
                return filled
            names = [each.get("name") for each in form.inputs]
            filled |= {name: typed for name, typed in _TYPED.items() if name in names}
            answer = self.browser.post(action, data=filled)
        raise AssertionError(f"{answer.status_code}: {answer.text[:500]}")

    def go(self, url: str, *, until: str) -> str:
        """Follow its redirects, and return the address of ours to which the last one leads."""
        answer = self.browser.get(url)
        for _ in range(_PAGES):
            assert answer.is_redirect, f"{answer.status_code}: {answer.text[:500]}"
            location = _location(answer)
            if location.startswith(until):
                return location
            answer = self.browser.get(location)
        raise AssertionError(url)


def _location(answer: httpx2.Response) -> str:
    return urljoin(str(answer.url), answer.headers["location"])


def _form(answer: httpx2.Response) -> Any:
    forms = lxml.html.fromstring(answer.content).forms
    assert forms, f"{answer.status_code}: {answer.text[:500]}"
    return forms[0]


def missing(what: str, remedy: str) -> None:
    """Skip a test whose provider is not on this machine; where CI is set it fails."""
    refuse = pytest.fail if os.environ.get("CI") else pytest.skip
    refuse(f"There is no {what} on this machine: {remedy}")


@contextmanager
def running(
    name: str,
    command: Callable[[int, Path], list[str]],
    *,
    metadata_path: str,
    environment: Mapping[str, str] | None = None,
    is_ready: str = "",
) -> Iterator[ForeignSaml]:
    """Run one on a free port, with a key of its own, until the block ends."""
    with ExitStack() as over:
        directory, port = temporary_directory("saml"), free_port()
        over.callback(shutil.rmtree, directory, ignore_errors=True)
        key = key_of(f"{name} of {port}")
        (directory / "idp.key").write_bytes(armoured(key.private_key, "PRIVATE KEY"))
        (directory / "idp.crt").write_bytes(armoured(key.certificate, "CERTIFICATE"))
        process = ServerProcess(
            command(port, directory),
            log=directory / "log",
            directory=directory,
            environment={**os.environ, **(environment or {})},
        )
        over.callback(process.stop)
        found = ForeignSaml(name, f"http://127.0.0.1:{port}", metadata_path, directory)
        over.callback(found.browser.close)
        process.wait_until(lambda: _answers(found.url + (is_ready or metadata_path)), seconds=60)
        yield found


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=10).status_code == 200
    except httpx2.HTTPError:
        return False
