"""What arrives in the mailboxes of a server that keeps mail as files."""

from __future__ import annotations

import re
from email import message_from_bytes, policy

from tests.factories import PASSWORD
from tests.journeys.clients import Visitor
from tests.journeys.waiting import eventually
from tests.servers.plinto import PlintoServer


def link(web: PlintoServer, visitor: Visitor, path: str) -> str:
    """Wait for the letter to ``visitor`` with a link to ``path``, and return the newest."""
    return mailed(web, visitor, rf"({web.url}{path}#token=\S+)")


def mailed(web: PlintoServer, visitor: Visitor, pattern: str) -> str:
    """Wait for a letter to ``visitor`` that says so, and return the group of the newest."""

    def newest() -> str:
        for file in sorted(web.mail_directory.glob(f"*{visitor.email}.eml"), reverse=True):
            letter = message_from_bytes(file.read_bytes(), policy=policy.default)
            text = letter.get_body(("plain",)).get_content()
            if found := re.search(pattern, text, re.MULTILINE):
                return found[1]
        return ""

    return eventually(newest, seconds=20)


def registered(web: PlintoServer, visitor: Visitor) -> str:
    """Register over the API, and return the link that was mailed."""
    body = {"email": visitor.email, "password": PASSWORD}
    assert visitor.send("POST", "/auth/register", body).status == 202
    return link(web, visitor, "/verify-email")
