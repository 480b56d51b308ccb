"""What every test of accounts needs: a signing key, and a way to read the mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import override_settings

from accounts.models import Identity, User
from accounts.services import outbox
from resilience import policies
from resilience.worker import Shift, run_until_idle
from tests.accounts.limiting import elsewhere
from tests.accounts.travellers import APP
from tests.servers.identity_provider import IdentityProvider


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


@pytest.fixture
def here() -> str:
    return elsewhere()


@pytest.fixture
def limited() -> Callable[..., None]:
    """Set limits for one test."""
    with contextmanager(_limited)() as limit:
        yield limit


def _limited() -> Iterator[Callable[..., None]]:
    changed: list[override_settings] = []

    def limit(*words: str) -> None:
        changed.append(override_settings(RATE_LIMITS=policies.chosen(words, processes=2)))
        changed[-1].enable()

    yield limit
    for each in reversed(changed):
        each.disable()


@pytest.fixture
def idp(settings: Any) -> Iterator[IdentityProvider]:
    """An identity provider that this deployment knows as acme."""
    with IdentityProvider() as provider:
        settings.SOCIAL_PROVIDERS = {"acme": provider.provider()}
        settings.SOCIAL_REDIRECT_URIS = [APP]
        settings.OUTBOUND_ALLOWED = {provider.destination}
        yield provider


@pytest.fixture
def nobody_came_in() -> Iterator[None]:
    """See at the end that nothing came of it."""
    yield
    assert not User.objects.exists()
    assert not Identity.objects.exists()
