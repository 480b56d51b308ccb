"""``manage.py rotate_service_key``"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from audit.events import Event
from audit.parties import SYSTEM, Target
from audit.services.record import get_audit_service
from plinto.kernel.origin import SYSTEM as NOWHERE
from sso.models import ServiceKey
from sso.services import service_keys


class Command(BaseCommand):
    """Adds a key for SAML; providers learn of it before it signs, and both decrypt meanwhile."""

    help = (
        "Add a key by which SAML identity providers know Plinto. It is published at once and "
        f"signs after {service_keys.PUBLISHED_FIRST.days} days, or when it is promoted; the one "
        "before it stays published until it is withdrawn."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        step = parser.add_mutually_exclusive_group()
        step.add_argument(
            "--if-none", action="store_true", help="do nothing when there is a key already"
        )
        step.add_argument(
            "--promote",
            action="store_true",
            help="add none; sign with the youngest at once, because all providers know it",
        )
        step.add_argument(
            "--withdraw",
            action="store_true",
            help="add none; publish no more what stood before the key that signs, so that what "
            "is encrypted to it cannot be read any more",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        with transaction.atomic():
            if options["if_none"] and ServiceKey.objects.exists():
                self.stdout.write("There is a service key.")
                return
            if options["promote"]:
                key = service_keys.promote(now=now)
                if key is None:
                    raise CommandError("The youngest key signs already.")
                told = "promoted"
            elif options["withdraw"]:
                key, gone = service_keys.withdraw(now=now)
                if key is None or not gone:
                    raise CommandError("There is no key to withdraw.")
                told = "older keys withdrawn"
            else:
                key, told = service_keys.rotate(now=now), ""
            get_audit_service().record(
                Event.SERVICE_KEY_ROTATED,
                actor=SYSTEM,
                target=Target("service_key", id=str(key.pk)),
                origin=NOWHERE,
                reason=told,
                now=now,
            )
        self.stdout.write(
            f"Key {key.pk} is published, and signs from {key.signs_from:%Y-%m-%d %H:%M} UTC."
        )
