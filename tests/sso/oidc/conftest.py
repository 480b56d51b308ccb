"""An organization with an OpenID provider, and nobody who has come in by it yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Identity, Session
from accounts.services import provider_documents
from tests.accounts.organizations import Club
from tests.servers.identity_provider import IdentityProvider
from tests.sso.oidc.relying import Party


@pytest.fixture
def idp(settings: Any) -> Iterator[IdentityProvider]:
    with IdentityProvider() as provider:
        settings.OUTBOUND_ALLOWED = {provider.destination}
        # Another one may have had its port.
        provider_documents.of.cache_clear()
        yield provider


@pytest.fixture
def party(club: Club, idp: IdentityProvider) -> Party:
    """The organization has proved the domain of its people."""
    found = Party(club, idp)
    found.prove()
    return found


@pytest.fixture
def nobody_came_in() -> Iterator[None]:
    """See at the end that nothing came of it."""
    yield
    assert not Identity.objects.exists()
    assert not Session.objects.exclude(connection_id=None).exists()
