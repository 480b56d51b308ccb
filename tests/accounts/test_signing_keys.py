"""Rotation of signing keys: nobody is signed out, and old keys leave."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, connections, transaction
from django.test import override_settings
from django.utils import timezone

from accounts.models import SigningKey
from accounts.services import keys
from accounts.services.keys import KeyRing, RingKey, ring
from audit.models import AuditRow
from plinto.kernel.exceptions import ConfigurationError
from resilience import health
from tests.accounts.people import signed_in


def kid_of(token: str) -> str:
    return jwt.get_unverified_header(token)["kid"]


def published(api) -> list[str]:
    return [key["kid"] for key in api.get("/.well-known/jwks.json").json()["keys"]]


def test_a_rotation_signs_nobody_out(api):
    before = signed_in(api)
    call_command("rotate_signing_key", "--now", verbosity=0)

    after = signed_in(api, user=before.user)

    assert kid_of(before.access) != kid_of(after.access)
    assert api.get("/api/v1/me", token=before.access).status_code == 200
    assert api.get("/api/v1/me", token=after.access).status_code == 200
    assert set(published(api)) == {kid_of(before.access), kid_of(after.access)}
    assert AuditRow.objects.filter(action="signing_key.rotated").count() == 1


def test_a_new_key_is_published_before_it_signs(api):
    old = signed_in(api)
    call_command("rotate_signing_key", verbosity=0)

    signed = signed_in(api)

    assert kid_of(signed.access) == kid_of(old.access)
    assert len(published(api)) == 2


def test_an_old_key_leaves_when_its_last_token_has_expired(api):
    old = kid_of(signed_in(api).access)
    call_command("rotate_signing_key", "--now", verbosity=0)
    key = SigningKey.objects.get(pk=old)
    lifetime = key.published_until - timezone.now()
    assert timedelta(minutes=15) < lifetime < timedelta(minutes=16)

    later = timezone.now() + timedelta(minutes=16)

    assert old not in {jwk["kid"] for jwk in ring.published(later)}
    assert ring.verifying(old, later) is None
    assert keys.trim(now=later) == 1


def test_a_leaked_key_is_withdrawn_at_once_and_clients_go_on_by_refreshing(api):
    ada = signed_in(api)
    call_command("rotate_signing_key", "--revoke", verbosity=0)

    assert api.get("/api/v1/me", token=ada.access).status_code == 401
    pair = api.post("/api/v1/auth/token/refresh", {"refresh": ada.refresh}).json()
    assert api.get("/api/v1/me", token=pair["access"]).status_code == 200
    assert published(api) == [kid_of(pair["access"])]


def test_the_first_key_is_made_once():
    call_command("rotate_signing_key", "--if-none", verbosity=0)

    assert SigningKey.objects.count() == 1


def test_another_process_learns_of_a_new_key_from_the_token_it_signed(api):
    other = KeyRing()
    now = timezone.now()
    other.signing(now)
    call_command("rotate_signing_key", "--now", verbosity=0)
    kid = kid_of(signed_in(api).access)
    other._loaded -= 2  # a ring is not read again within the same second

    assert other.verifying(kid, timezone.now()) is not None


@pytest.mark.skipif(connection.vendor == "sqlite", reason="A table cannot be locked to readers.")
def test_a_token_of_a_new_key_is_believed_while_another_thread_reads_the_ring():
    other = KeyRing()
    other.signing(timezone.now())
    call_command("rotate_signing_key", "--now", verbosity=0)
    kid = ring.signing(timezone.now()).kid
    other._loaded -= 2
    with ThreadPoolExecutor(2) as threads:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE accounts_signing_key IN ACCESS EXCLUSIVE MODE")
            found = [threads.submit(_verifying, other, kid) for _ in range(2)]
            time.sleep(0.3)
        assert [future.result().kid for future in found] == [kid, kid]


def _verifying(keys: KeyRing, kid: str) -> RingKey | None:
    try:
        return keys.verifying(kid, timezone.now())
    finally:
        connections.close_all()


def test_without_a_key_nothing_is_signed_and_nothing_invented(api):
    SigningKey.objects.all().delete()
    ring.forget()

    with pytest.raises(ConfigurationError):
        ring.signing(timezone.now())

    # An empty list would make other services drop the keys they know.
    assert api.get("/.well-known/jwks.json").status_code == 503
    health.forget()
    assert api.get("/health/ready").status_code == 503


def test_a_private_key_is_sealed_and_a_wrong_field_key_opens_nothing():
    sealed = bytes(SigningKey.objects.get().private_key)
    assert b"PRIVATE" not in sealed
    with (
        override_settings(FIELD_KEYS=["QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="]),
        pytest.raises(ConfigurationError),
    ):
        KeyRing().signing(timezone.now())


def test_keys_are_published_from_memory_while_the_database_is_away(api):
    expected = published(api)
    ring._loaded -= 60
    with connection.execute_wrapper(_away):
        assert published(api) == expected


def _away(*_arguments: object) -> None:
    raise OperationalError("the database is away")


def test_the_issuer_says_where_its_keys_are(api):
    metadata = api.get("/.well-known/openid-configuration").json()

    assert metadata["issuer"] == "http://localhost:8000"
    assert metadata["jwks_uri"] == "http://localhost:8000/.well-known/jwks.json"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_other_algorithms_sign_too_and_tokens_of_the_old_one_stay_good(api, algorithm):
    old = signed_in(api)
    with override_settings(JWT_ALGORITHM=algorithm):
        call_command("rotate_signing_key", "--now", verbosity=0)
    new = signed_in(api)

    assert jwt.get_unverified_header(new.access)["alg"] == algorithm
    assert api.get("/api/v1/me", token=new.access).status_code == 200
    assert api.get("/api/v1/me", token=old.access).status_code == 200
