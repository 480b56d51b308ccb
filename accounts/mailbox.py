"""A mail backend for one's own machine: each letter a readable file, and on the console."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

_UNSAFE_IN_NAMES = re.compile(r"[^A-Za-z0-9@._+-]")


class MailboxBackend(BaseEmailBackend):
    """
    Writes ``EMAIL_FILE_PATH/<moment>-<recipient>.eml``, so the last name listed is the newest.

    Letters carry links and codes in clear, here and on the console: never use it where others
    read either.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            path = _keep(message)
            # In one call, so that lines of other threads do not fall in between.
            sys.stdout.write(_announcement(message, path))
            sys.stdout.flush()
        return len(email_messages)


def _keep(message: EmailMessage) -> Path:
    directory = Path(settings.EMAIL_FILE_PATH)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    # The recipient is what somebody typed; it must not lead out of the directory.
    recipient = _UNSAFE_IN_NAMES.sub("_", message.to[0])[:100]
    path = directory / f"{moment}-{recipient}.eml"
    draft = path.with_suffix(".part")
    draft.touch(mode=0o600)
    draft.write_bytes(message.message().as_bytes())
    # Whoever watches the directory sees whole letters only.
    os.replace(draft, path)
    return path


def _announcement(message: EmailMessage, path: Path) -> str:
    rule = "-" * 72
    return (
        f"{rule}\nTo: {', '.join(message.to)}\nSubject: {message.subject}\nFile: {path}\n\n"
        f"{str(message.body).strip()}\n{rule}\n"
    )
