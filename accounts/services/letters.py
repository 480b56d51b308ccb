"""The letters Plinto writes: which there are, what each needs, and how one is composed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from email.utils import formataddr, parseaddr
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

# Written by Plinto itself; everything else in a context may come from a stranger.
_OURS = {"link", "code", "expires_in_minutes", "address", "time", "what", "domain"}
_INERT_CHARACTERS = 100
# Mail programs turn "evil.example" or "a@b.c" into links; a zero-width space keeps them text.
_LINKABLE = re.compile(r"(?<=[.:/@])(?=\S)")
_JOINERS = {"\u200c", "\u200d"}  # format characters that Persian and Indic names are spelled with


class Letter(StrEnum):
    """Names of the templates in templates/email; ``needs`` are keys the context must have."""

    needs: frozenset[str]

    def __new__(cls, name: str, *needs: str) -> Letter:
        letter = str.__new__(cls, name)
        letter._value_ = name
        letter.needs = frozenset(needs)
        return letter

    VERIFY_ADDRESS = "verify_address", "link", "code", "expires_in_minutes"
    ADDRESS_TAKEN = "address_taken"
    PASSWORD_RESET = "password_reset", "link", "expires_in_minutes"
    SET_PASSWORD = "set_password", "link", "expires_in_minutes"
    PASSWORD_CHANGED = "password_changed", "link", "time"
    MAGIC_LINK = "magic_link", "link", "expires_in_minutes"
    CONFIRM_ADDRESS = "confirm_address", "code", "expires_in_minutes"
    ADDRESS_IN_USE = "address_in_use"
    ADDRESS_CHANGED = "address_changed", "link", "expires_in_hours", "time"
    ADDRESS_RESTORED = "address_restored", "link", "expires_in_minutes"
    NEW_DEVICE = "new_device", "device", "time", "link"
    SECOND_FACTOR = "second_factor", "what", "link", "time"
    EXPORT_READY = "export_ready", "link", "time"
    ERASURE = "erasure", "what", "link", "time"
    INVITATION = "invitation", "link", "organization", "inviter", "expires_in_days"
    CERTIFICATES_ENDING = (
        "certificates_ending",
        *("connection", "organization", "time", "link"),
    )
    DOMAIN_WITHDRAWN = "domain_withdrawn", "domain", "organization", "time", "link"
    WEBHOOK_PAUSED = "webhook_paused", "receiver", "what", "time", "link"
    GLASS_BROKEN = "glass_broken", "owner", "organization", "time"
    IDENTITY = "identity", "what", "link", "time"


def compose(
    letter: Letter, *, to: str, context: Mapping[str, Any], letter_id: UUID
) -> EmailMultiAlternatives:
    """Render the letter as text and HTML; subjects are fixed, nothing in them is from a context."""
    shown = {name: _shown(name, value) for name, value in context.items()}
    shown["app_url"], shown["public_url"] = settings.APP_URL, settings.PUBLIC_URL
    path = f"email/{letter.value}"
    message = EmailMultiAlternatives(
        subject=render_to_string(f"{path}.subject.txt").strip(),
        body=render_to_string(f"{path}.txt", shown),
        from_email=_sender(),
        to=[to],
        headers={
            "Message-ID": f"<{letter_id}@{urlsplit(settings.PUBLIC_URL).hostname}>",
            # RFC 3834: keeps vacation notices from answering.
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string(f"{path}.html", shown), "text/html")
    return message


def inert(text: str) -> str:
    """
    Make a stranger's text safe to show in a mail: one short line that no program makes a link of.

    Anybody can register anybody's address under the name "You won, see evil.example".
    """
    kept = "".join(_kept(char) for char in text)
    return _LINKABLE.sub("\u200b", " ".join(kept.split())[:_INERT_CHARACTERS])


def _kept(char: str) -> str:
    category = unicodedata.category(char)
    if char.isspace() or category in {"Zl", "Zp"}:
        return " "
    # Controls, and the direction overrides that would turn the text around them.
    return "" if category.startswith("C") and char not in _JOINERS else char


def _shown(name: str, value: Any) -> Any:
    return inert(value) if isinstance(value, str) and name not in _OURS else value


def _sender() -> str:
    name, address = parseaddr(settings.MAIL_FROM)
    return formataddr((name, address))
