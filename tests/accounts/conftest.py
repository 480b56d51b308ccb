"""What every test of accounts needs: a signing key, and a way to read the mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from accounts.services import keys, outbox
from resilience.worker import Shift, run_until_idle


@pytest.fixture(autouse=True)
def _signing_key(transactional_db: None) -> Iterator[None]:
    """Transactions are real here: refusals commit outside of what they refuse."""
    with transaction.atomic():
        keys.rotate(now=timezone.now(), sign_in=timedelta(), overlap=timedelta())
    yield
    keys.ring.forget()


@pytest.fixture
def letters() -> Callable[[], list[EmailMessage]]:
    """Let the worker deliver what is due, and return all letters of this test so far."""

    def deliver() -> list[EmailMessage]:
        run_until_idle([outbox.QUEUE], shift=Shift())
        return list(mail.outbox)

    return deliver
