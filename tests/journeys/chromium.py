"""Chromium as a person uses it: the machine's own, without a window."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def installed() -> str:
    """Find the program; without one the test is skipped, but fails where ``CI`` is set."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("There is no Chromium on this machine: apt-get install chromium")
    return str(found)


@contextmanager
def launched() -> Iterator[Browser]:
    """Start a browser; its sandbox stays off because root and containers may not have one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=installed(), args=_FLAGS, chromium_sandbox=False
        )
        yield browser
        browser.close()


class Complaints:
    """What a page's console reports as an error, and what its script failed to catch."""

    def __init__(self, page: Page) -> None:
        self.heard: list[str] = []
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.heard.append(str(error)))

    def _listen(self, message: ConsoleMessage) -> None:
        # A refusal of the API is no defect of the page, though Chromium logs every one.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.heard.append(message.text)


@contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[Page]:
    """Open a tab whose console has nothing to report when it closes."""
    context = browser.new_context(**options)
    context.set_default_timeout(10_000)
    tab = context.new_page()
    complaints = Complaints(tab)
    yield tab
    context.close()
    assert complaints.heard == []
