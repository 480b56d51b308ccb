"""Service keys: published before they sign, and gone only when an operator says so."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from audit.models import AuditRow
from plinto.kernel.exceptions import ConfigurationError
from sso.models import ServiceKey
from sso.services import service_keys
from tests.accounts.staff import browser_of, helper

PAGE = "/admin/sso/servicekey/"


def pairs(*, after: timedelta = timedelta()):
    return service_keys.ring.pairs(timezone.now() + after)


def rotated(*words: str) -> None:
    call_command("rotate_service_key", *words, verbosity=0)


def test_a_key_is_3072_bits_of_rsa_with_a_certificate_of_ten_years():
    row = ServiceKey.objects.get()
    [pair] = pairs()
    certificate = x509.load_der_x509_certificate(base64.b64decode(pair.certificate))
    private = serialization.load_der_private_key(base64.b64decode(pair.private_key), password=None)
    assert private.key_size == 3072
    assert certificate.public_key() == private.public_key()
    assert certificate.not_valid_after_utc == row.expires_at.replace(microsecond=0)
    assert row.expires_at - row.created_at > timedelta(days=3649)
    assert base64.b64decode(pair.private_key)[50:90] not in bytes(row.private_key)


def test_a_new_key_is_published_at_once_and_signs_after_two_weeks():
    [old] = pairs()
    rotated()
    first, second = pairs()
    assert first == old
    assert [pair.certificate for pair in pairs(after=timedelta(days=15))] == [
        second.certificate,
        old.certificate,
    ]


def test_a_key_that_is_promoted_signs_at_once_and_the_old_one_reads_until_withdrawn():
    [old] = pairs()
    rotated()
    rotated("--promote")
    new, still = pairs()
    assert still == old
    rotated("--withdraw")
    assert pairs() == (new,)
    told = [row.reason for row in AuditRow.objects.filter(action="service_key.rotated")]
    assert sorted(told) == ["", "older keys withdrawn", "promoted"]


def test_withdrawing_leaves_a_key_that_waits_and_the_one_that_signs():
    [old] = pairs()
    rotated()
    with pytest.raises(CommandError):
        rotated("--withdraw")
    assert pairs()[0] == old
    assert len(pairs()) == 2


def test_preparing_again_adds_none_and_promoting_twice_is_refused():
    rotated("--if-none")
    assert ServiceKey.objects.count() == 1
    with pytest.raises(CommandError):
        rotated("--promote")


def test_a_withdrawn_key_is_cleared_away():
    rotated()
    rotated("--promote")
    rotated("--withdraw")
    assert service_keys.trim(now=timezone.now() + timedelta(seconds=1)) == 1
    assert ServiceKey.objects.count() == 1


def test_a_process_goes_on_with_its_keys_while_the_database_is_away():
    known = pairs()
    service_keys.ring.forget()
    with connection.execute_wrapper(_refuse):
        assert pairs() == known


def _refuse(*_: object) -> None:
    raise OperationalError


def test_without_a_key_nothing_is_signed():
    ServiceKey.objects.all().delete()
    service_keys.ring.forget()
    with pytest.raises(ConfigurationError):
        pairs()


def test_superusers_see_the_keys_in_the_admin_and_nobody_changes_them():
    rotated()
    page = browser_of().get(PAGE).content.decode()
    assert ("signing" in page, "waiting" in page) == (True, True)
    key = ServiceKey.objects.first()
    shown = browser_of().get(f"{PAGE}{key.pk}/change/").content.decode()
    assert key.certificate[:60] in shown
    assert browser_of().post(f"{PAGE}{key.pk}/change/", {}).status_code == 403
    assert browser_of(helper("view_servicekey")).get(PAGE).status_code == 403
