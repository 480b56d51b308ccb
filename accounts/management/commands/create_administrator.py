"""``manage.py create_administrator``"""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.services import administrators, password_links


class Command(BaseCommand):
    """Creates the first administrator and prints a link that sets their password."""

    help = (
        "Create the first administrator, if there is none, and print a link that sets their "
        "password. Until it was used, a second run prints another link."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the address to sign in with")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            link = administrators.create_first(email=options["email"], now=timezone.now())
        except ValueError as error:
            raise CommandError(str(error)) from error
        if link is None:
            self.stdout.write("There is an administrator already.")
            return
        self.stdout.write(
            f"{options['email']} is the administrator. Choose the password within "
            f"{password_links.LIVES_FOR // timedelta(minutes=1)} minutes, here:\n\n    {link}\n"
        )
