"""Descriptions are personal: exported with their person, and erased with them."""

from __future__ import annotations

from django.utils import timezone

from accounts.models import User
from accounts.services import erasures, personal_data
from sso.models import ScimUser
from tests.factories import UserFactory
from tests.sso.scim.provider import Provider, proved


def test_descriptions_of_somebody_are_exported_and_erased_linked_or_not(club):
    proved(club, "engines.example")
    linked = UserFactory(email="ada@engines.example")
    elsewhere = UserFactory(email="bob@elsewhere.example")
    provider = Provider(club)
    group = provider.group(
        "poets",
        provider.user(linked.email, title="Countess"),
        provider.user("bob", emails=[{"value": elsewhere.email, "type": "work"}]),
        provider.user("eve@elsewhere.example"),
    )

    held = {holding.name: holding for holding in personal_data.holdings(linked)}
    assert [row["attributes"] for row in held["sso.scimuser"].told(linked)] == [
        {"title": "Countess"}
    ]
    User.objects.filter(pk__in=[linked.pk, elsewhere.pk]).update(erase_at=timezone.now())
    assert erasures.erase_due(timezone.now()) == 2

    assert [row.user_name for row in ScimUser.objects.all()] == ["eve@elsewhere.example"]
    assert len(provider.get(f"/Groups/{group['id']}").json()["members"]) == 1
