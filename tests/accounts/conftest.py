"""What every test of accounts needs: a signing key, and a way to read the mail."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from accounts.services import outbox
from resilience.worker import Shift, run_until_idle


@pytest.fixture(autouse=True)
def _people_can_sign_in(transactional_db: None, signing_key: None) -> None:
    """Transactions are real here: refusals commit outside of what they refuse."""


@pytest.fixture
def letters() -> Callable[[], list[EmailMessage]]:
    """Let the worker deliver what is due, and return all letters of this test so far."""

    def deliver() -> list[EmailMessage]:
        run_until_idle([outbox.QUEUE], shift=Shift())
        return list(mail.outbox)

    return deliver
