"""Handing letters to the mail server; the one place that knows what smtplib raises."""

from __future__ import annotations

import re
import smtplib
from types import TracebackType

from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from plinto.kernel.exceptions import ExternalServiceError, ServiceUnavailableError
from resilience import breakers
from resilience.breaker import Breaker
from resilience.circuit import Policy
from resilience.errors import CircuitOpenError

# Mail servers that scan take seconds per letter; each step of the dialogue may use EMAIL_TIMEOUT.
_POLICY = Policy(recovery_timeout=15.0, slow_seconds=30.0, window=120.0, probe_timeout=30.0)
_ENHANCED_STATUS = re.compile(rb"\b[245]\.\d{1,3}\.\d{1,3}\b")  # RFC 3463


def breaker() -> Breaker:
    """The breaker of the mail server in this process."""
    return breakers.get("smtp", policy=_POLICY)


def is_open() -> bool:
    """Tell whether a letter may be tried now; while it may not, none should be claimed."""
    smtp = breaker()
    return smtp.is_closed or smtp.next_probe_in() == 0.0


class Post:
    """One connection to the mail server, opened for the first letter and kept for a batch."""

    def __init__(self) -> None:
        self._backend: BaseEmailBackend | None = None

    def __enter__(self) -> Post:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._hang_up()

    def send(self, message: EmailMessage) -> None:
        """
        Send one message; returning means that the server has taken responsibility for it.

        :raises ExternalServiceError: the server refuses this message
        :raises ServiceUnavailableError: the server cannot be used at the moment
        """
        try:
            with breaker().guard(failures=(ServiceUnavailableError,)):
                self._send(message)
        except CircuitOpenError as error:
            raise ServiceUnavailableError(reason=f"smtp: {error.reason}") from error

    def _send(self, message: EmailMessage) -> None:
        try:
            if self._backend is None:
                backend = mail.get_connection()
                backend.open()
                self._backend = backend
            self._backend.send_messages([message])
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            # 421 announces that the server is closing, whatever was being said (RFC 5321, 3.8).
            self._hang_up()
            kind = ServiceUnavailableError if error.smtp_code == 421 else ExternalServiceError
            raise kind(reason=_reason(error)) from error
        except (smtplib.SMTPRecipientsRefused, ValueError) as error:
            self._hang_up()
            raise ExternalServiceError(reason=_reason(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            raise ServiceUnavailableError(reason=_reason(error)) from error

    def _hang_up(self) -> None:
        if self._backend is None:
            return
        backend, self._backend = self._backend, None
        try:
            backend.close()
        except (smtplib.SMTPException, OSError):
            # The server left first; every letter it took was acknowledged before.
            return


def _reason(error: Exception) -> str:
    """Name the failure by its codes: a server's prose may quote the link it objects to."""
    replies: list[tuple[int, bytes | str]] = []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        replies = list(error.recipients.values())
    elif isinstance(error, smtplib.SMTPResponseException):
        replies = [(error.smtp_code, error.smtp_error)]
    words = [type(error).__name__]
    for code, prose in replies[:1]:
        words.append(str(code))
        text = prose if isinstance(prose, bytes) else prose.encode("utf-8", "replace")
        words += [match.decode() for match in _ENHANCED_STATUS.findall(text)[:1]]
    return " ".join(words)
