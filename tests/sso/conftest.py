"""What every test of single sign-on needs: people can sign in, and Plinto has a service key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
from django.utils import timezone

from sso.models import ServiceKey
from sso.services import service_keys
from tests.accounts.organizations import Club
from tests.api import Api


@lru_cache(maxsize=1)
def _made_once() -> dict[str, Any]:
    """Making a key costs most of a second."""
    now = timezone.now()
    row = service_keys.made(now=now, signs_from=now)
    return {name: getattr(row, name) for name in ("certificate", "private_key", "expires_at")}


@pytest.fixture(autouse=True)
def _people_can_sign_in(transactional_db: None, signing_key: None) -> Iterator[None]:
    """Transactions are real here: refusals commit outside of what they refuse."""
    now = timezone.now()
    ServiceKey.objects.create(**_made_once(), created_at=now, signs_from=now)
    service_keys.ring.forget()
    yield
    service_keys.ring.forget()


@pytest.fixture
def club(api: Api) -> Club:
    """An organization with its owner."""
    return Club(api)
