"""What operators and auditors are told of sealing: keys, figures, health."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import jwt
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from audit.models import Checkpoint, CheckpointKey
from audit.services import checkpoint_keys, figures
from resilience import health, measures
from tests.audit.rows import NOON
from tests.audit.sealed import seal_all, written

KEYS = "/.well-known/audit-jwks.json"
ACME = UUID(int=0xACE)
ANOTHER = ["QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="]

pytestmark = pytest.mark.django_db


def test_all_public_keys_are_shown_to_anyone_the_retired_too(api):
    assert api.get(KEYS).json() == {"keys": []}
    call_command("rotate_audit_key", verbosity=0)
    call_command("rotate_audit_key", verbosity=0)
    answer = api.get(KEYS)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    kids = [key["kid"] for key in answer.json()["keys"]]
    assert kids == list(CheckpointKey.objects.order_by("created_at").values_list("kid", flat=True))
    assert all(
        key.keys() == {"kty", "crv", "use", "alg", "kid", "x"} for key in answer.json()["keys"]
    )


def test_the_keys_are_read_by_other_libraries_and_verify_what_was_signed(api):
    written(ACME)
    seal_all()
    checkpoint = Checkpoint.objects.get(chain=ACME)
    key = jwt.PyJWKSet.from_dict(api.get(KEYS).json())[checkpoint.kid]
    key.key.verify(bytes(checkpoint.signature), checkpoint.statement().signed())


def figured():
    found = figures.of_sealing(NOON + timedelta(seconds=90))
    names = (measures.AUDIT_UNSEALED, measures.AUDIT_SEAL_LAG, measures.AUDIT_UNSIGNED)
    return tuple(found[name][()] for name in names)


def test_figures_tell_how_far_behind_sealing_and_signing_are():
    checkpoint_keys.make_first(now=NOON)
    seal_all()
    assert figured() == (0, 0.0, 0)
    written(ACME, count=2)
    assert figured() == (2, 90.0, 0)
    with override_settings(FIELD_KEYS=ANOTHER):
        seal_all()
    assert figured() == (0, 0.0, 2)
    seal_all()
    assert figured() == (0, 0.0, 0)


def test_figures_cost_two_statements():
    with CaptureQueriesContext(connection) as asked:
        figured()
    assert len(asked) == 2


def test_a_key_that_does_not_open_is_told_and_turns_nobody_away(api, signing_key, settings):
    settings.HEALTH_TOKEN = "token"
    checkpoint_keys.make_first(now=NOON)
    CheckpointKey.objects.update(sealed_private=b"lost")
    health.forget()
    answer = api.get("/health/ready", token="token")
    health.forget()
    assert answer.status_code == 200
    assert "checkpoint key" in answer.json()["details"]["audit key"]["error"]
