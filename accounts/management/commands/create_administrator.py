"""``manage.py create_administrator``"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.services import administrators


class Command(BaseCommand):
    """Creates the first administrator and prints the password once."""

    help = "Create the first administrator, if there is none, and print the password once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the address to sign in with")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            password = administrators.create_first(email=options["email"], now=timezone.now())
        except ValueError as error:
            raise CommandError(str(error)) from error
        if password is None:
            self.stdout.write("There is an administrator already.")
            return
        self.stdout.write(
            f"Administrator {options['email']} was created.\nPassword, shown this once: {password}"
        )
