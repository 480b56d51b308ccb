"""What parts above accounts keep of an organization goes before it, in portions."""

from __future__ import annotations

from uuid import UUID

import pytest

from accounts.models import Organization
from accounts.services import organization_belongings
from audit.models import AuditRow
from tests.accounts.organizations import Club

_portions: dict[UUID, int] = {}


def _shorten(organization_id: UUID) -> bool:
    """A part that keeps three portions of one organization and nothing of any other."""
    if organization_id in _portions:
        _portions[organization_id] -= 1
    return _portions.get(organization_id, 0) <= 0


@pytest.fixture
def club(api) -> Club:
    club = Club(api)
    _portions[club.id] = 3
    return club


def test_an_organization_is_deleted_once_nothing_is_kept_of_it(club):
    organization_belongings.add(_shorten)
    assert club.as_(club.joined("admin"), "DELETE").status_code == 403
    assert _portions[club.id] == 3
    assert club.as_(club.owner, "DELETE").status_code == 204
    assert _portions[club.id] == 0
    assert not Organization.objects.exists()
    rows = AuditRow.objects.filter(action="organization.deleted", outcome="success")
    assert rows.count() == 1
