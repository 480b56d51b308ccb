"""``manage.py rotate_signing_key``"""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import SigningKey
from accounts.services import keys
from accounts.services.tokens import JWTService
from audit.events import Event
from audit.parties import SYSTEM, Target
from audit.services.record import get_audit_service
from plinto.kernel.origin import SYSTEM as NOWHERE

# Clocks of other services may be this far behind ours.
_MARGIN = timedelta(seconds=30)


class Command(BaseCommand):
    """Adds a signing key; the one before it stays published until its last token has expired."""

    help = (
        "Add a key that signs access tokens. It is published at once and signs a little later, "
        "because other services cache the key set; nobody is signed out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-none", action="store_true", help="do nothing when there is a key already"
        )
        parser.add_argument(
            "--now",
            action="store_true",
            help="sign with it at once: only when nothing but Plinto verifies tokens",
        )
        parser.add_argument(
            "--revoke",
            action="store_true",
            help="withdraw all older keys, because one leaked: within five seconds no process "
            "takes their tokens, and clients get new ones with their refresh tokens",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["if_none"] and options["revoke"]:
            raise CommandError("--if-none and --revoke exclude each other.")
        now = timezone.now()
        at_once = options["now"] or options["revoke"]
        with transaction.atomic():
            if options["if_none"] and SigningKey.objects.exists():
                self.stdout.write("There is a signing key.")
                return
            key = keys.rotate(
                now=now,
                sign_in=timedelta() if at_once else keys.JWKS_MAX_AGE,
                overlap=timedelta() if options["revoke"] else JWTService.lifetime + _MARGIN,
            )
            get_audit_service().record(
                Event.SIGNING_KEY_ROTATED,
                actor=SYSTEM,
                target=Target("signing_key", id=key.kid),
                origin=NOWHERE,
                reason="older keys withdrawn" if options["revoke"] else "",
                now=now,
            )
        self.stdout.write(
            f"Key {key.kid} ({key.algorithm}) is published, "
            f"and signs from {key.signs_from:%H:%M:%S} UTC."
        )
