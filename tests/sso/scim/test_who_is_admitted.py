"""Whoever an identity provider switched off does not come in by the organization's connections."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Identity
from accounts.services.federation import Voucher
from plinto.kernel.ids import uuid7
from sso.models import Connection, ScimUser
from sso.services import provisioning
from tests.accounts.comers import entered
from tests.accounts.organizations import Club
from tests.factories import UserFactory


def described(club: Club, name: str = "Ada@Example.com", **fields: Any) -> ScimUser:
    now = timezone.now()
    return ScimUser.objects.create(
        organization_id=club.id,
        user_name=name,
        user_name_key=provisioning.folded(name),
        created_at=now,
        updated_at=now,
        **fields,
    )


def connection(club: Club) -> Connection:
    now = timezone.now()
    return Connection.objects.create(
        organization_id=club.id,
        slug=uuid7().hex[:20],
        protocol="saml",
        created_at=now,
        updated_at=now,
    )


def voucher(club: Club, subject: str = "nobody", email: str = "x@example.com") -> Voucher:
    return Voucher(uuid7(), club.id, "saml", subject=subject, email=email)


@pytest.mark.parametrize(
    ("subject", "email_key"),
    [("ADA@example.com", ""), ("00u1", "other@example.com"), ("opaque", "ada@example.com")],
    ids=["by the name, in any case", "by the external id", "by the address"],
)
def test_whoever_is_switched_off_is_not_admitted(club, subject, email_key):
    described(club, external_id="00u1", email_key="ada@example.com", is_active=False)

    assert not provisioning.is_admitted(club.id, email_key, subject)


def test_whom_nobody_described_or_who_is_active_is_admitted(club):
    described(club, email_key="ada@example.com")

    assert provisioning.is_admitted(club.id, "ada@example.com", "Ada@Example.com")
    assert provisioning.is_admitted(club.id, "", "somebody else")


def test_another_organization_switches_nobody_off_here(api, club):
    described(Club(api, entered()), email_key="ada@example.com", is_active=False)

    assert provisioning.is_admitted(club.id, "ada@example.com", "Ada@Example.com")


def test_who_is_known_under_another_subject_is_switched_off_too(club):
    ada = UserFactory()
    described(club, user=ada, is_active=False)
    Identity.objects.create(
        user=ada,
        provider="saml",
        connection_id=connection(club).pk,
        subject="opaque",
        created_at=timezone.now(),
    )

    assert not provisioning.is_admitted(club.id, "new@example.com", "opaque")


def test_whoever_arrives_becomes_who_was_described_under_their_subject(club):
    namesake = described(club, "namesake", email_key="ada@example.com")
    row = described(club, external_id="00u1")
    ada = UserFactory()

    provisioning.linked(ada, voucher(club, "00u1", "ada@example.com"), now=timezone.now())

    row.refresh_from_db()
    namesake.refresh_from_db()
    assert (row.user, row.version, namesake.user) == (ada, 2, None)


def test_a_description_is_one_persons_and_a_person_has_one(club):
    ada, bob = UserFactory(), UserFactory()
    row = described(club, email_key="ada@example.com", user=ada)
    other = described(club, "other", email_key="other@example.com")

    provisioning.linked(bob, voucher(club, email="ada@example.com"), now=timezone.now())
    provisioning.linked(ada, voucher(club, email="other@example.com"), now=timezone.now())

    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.user, other.user) == (ada, None)
