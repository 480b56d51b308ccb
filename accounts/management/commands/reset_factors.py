"""``manage.py reset_factors``"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.services import factor_resets
from plinto.kernel.exceptions import PlintoAPIException, ValidationError


class Command(BaseCommand):
    """The way back in for the only administrator there is, when phone and codes are lost."""

    help = "Remove the second factor of somebody who lost it, and end their sessions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the address they sign in with")
        parser.add_argument("--reason", required=True, help="stands in the audit trail")

    def handle(self, *_args: Any, **options: Any) -> None:
        email, why = options["email"], options["reason"]
        try:
            factor_resets.reset_from_server(email, why=why, now=timezone.now())
        except ValidationError as error:
            raise CommandError(str(error.details["fields"])) from error
        except PlintoAPIException as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{email} has no second factor any more, and was told by mail.")
