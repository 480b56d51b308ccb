"""
The keys that sign checkpoints: one signs, and all verify for ever.

They are none of the keys that sign access tokens: those are withdrawn when their last token has
expired, and a proof must hold for years.
"""

from __future__ import annotations

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django import db
from django.db import transaction

from audit import signatures
from audit.events import Event
from audit.models import CheckpointKey
from audit.parties import SYSTEM, Target
from audit.services.record import get_audit_service
from audit.signatures import Told
from plinto.kernel.crypto import decrypt, encrypt, new_token
from plinto.kernel.exceptions import ConfigurationError
from plinto.kernel.origin import SYSTEM as NOWHERE

_PURPOSE = "checkpoint key"


def signing() -> tuple[str, Ed25519PrivateKey]:
    """
    Return the key that signs now, and its id.

    Read each time, one small row a batch, so that a rotation holds for every worker at once.

    :raises ConfigurationError: there is no such key, or ``FIELD_KEYS`` does not open it
    """
    key = CheckpointKey.objects.filter(retired_at=None).order_by("-created_at").first()
    if key is None:
        raise ConfigurationError(reason="no key signs checkpoints: run manage.py rotate_audit_key")
    return key.kid, Ed25519PrivateKey.from_private_bytes(
        decrypt(key.sealed_private, purpose=_PURPOSE)
    )


def published() -> list[Told]:
    """Return all keys as JWKs (RFC 7517), retired ones too, oldest first."""
    keys = CheckpointKey.objects.order_by("created_at", "kid")
    return [signatures.jwk(key.kid, bytes(key.public)) for key in keys]


def make_first(*, now: datetime) -> bool:
    """Make the first key of a deployment, unless there is one; whoever comes second makes none."""
    if CheckpointKey.objects.exists():
        return False
    try:
        with transaction.atomic():
            # Nothing is retired: the key of whoever was faster stands in the way of this one.
            _add(now=now, reason="the first key")
    except db.IntegrityError:
        return False
    return True


def rotate(*, now: datetime) -> CheckpointKey:
    """
    Make a key that signs from now on, and retire the one before it.

    :raises IntegrityError: somebody else did so at the same moment
    """
    with transaction.atomic():
        CheckpointKey.objects.filter(retired_at=None).update(retired_at=now)
        return _add(now=now)


def _add(*, now: datetime, reason: str = "") -> CheckpointKey:
    private = Ed25519PrivateKey.generate()
    key = CheckpointKey.objects.create(
        kid=new_token("")[:16],
        public=private.public_key().public_bytes_raw(),
        sealed_private=encrypt(private.private_bytes_raw(), purpose=_PURPOSE),
        created_at=now,
    )
    get_audit_service().record(
        Event.AUDIT_KEY_ROTATED,
        actor=SYSTEM,
        target=Target("audit_key", id=key.kid),
        origin=NOWHERE,
        reason=reason,
        now=now,
    )
    return key
