"""``manage.py seed_load``"""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone
from tqdm import tqdm

from accounts.models import User
from accounts.models.user import new_trail_key
from accounts.services import passwords
from audit.services import checkpoints
from plinto.seeding import organizations, people, tables
from plinto.seeding.numbers import Load
from plinto.seeding.trail import Chains
from resilience.worker import Shift

_HERE = {"localhost", "127.0.0.1", "::1"}


class Command(BaseCommand):
    """Fills a database with people who never were, to measure what its size costs."""

    help = (
        "Make people, sessions and a trail in bulk, with organizations, keys and endpoints. Only "
        "for measuring: all of them have one password, which is printed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=1_000_000, help="default: %(default)s")
        parser.add_argument("--sessions", type=int, default=3_000_000, help="default: %(default)s")
        parser.add_argument("--trail", type=int, default=5_000_000, help="default: %(default)s")
        parser.add_argument("--password", help="their password; drawn unless it is given")
        parser.add_argument("--add", action="store_true", help="beside the people there are")
        parser.add_argument(
            "--yes", action="store_true", help="also where it looks like production"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        self._refuse(options)
        password = options["password"] or secrets.token_urlsafe(12)
        load = Load(
            people=options["people"],
            sessions=options["sessions"],
            trail=options["trail"],
            run=secrets.randbits(24),
            now=timezone.now(),
            password=passwords.encode(password),
            trail_key=new_trail_key(),
        )
        with tqdm(total=_total(load), unit=" rows", unit_scale=True, disable=None) as bar:
            for done in _written(load):
                bar.update(done)
        checkpoints.sign_all(Shift())
        if connection.vendor == "postgresql":
            # Plans follow what the planner knows of the tables, and it knows them empty.
            with tables.unhurried(), connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        self.stdout.write(
            f"{load.people} people: {load.email(0)} to {load.email(load.people - 1)}, with the"
            f" password {password} and {load.sessions} sessions, in {load.organizations}"
            f" organizations, and {load.trail} rows of the trail."
        )

    def _refuse(self, options: dict[str, Any]) -> None:
        if options["people"] < 1 or options["sessions"] < options["people"]:
            raise CommandError("There must be somebody, and a session for each at least.")
        host = urlsplit(settings.PUBLIC_URL).hostname
        if host not in _HERE and not options["yes"]:
            raise CommandError(
                f"This deployment is known as {host}, which looks like production. Made-up people"
                " with one password would be let in there; give --yes if that is wanted."
            )
        if not options["add"] and User.objects.exists():
            raise CommandError("There are people in this database; give --add to add to them.")


def _total(load: Load) -> int:
    return load.people * 2 + load.sessions + load.trail


def _written(load: Load) -> Iterator[int]:
    """Write everything; yield how many of the rows that are counted were written each time."""
    yield from tables.write(people.people(load))
    yield from tables.write(people.sessions(load))
    for make in (organizations.organizations, organizations.roles):
        for _ in tables.write(make(load)):
            pass
    yield from tables.write(organizations.members(load))
    for make in (
        *(organizations.api_keys, organizations.endpoints),
        *(organizations.deliveries, organizations.mail),
    ):
        for _ in tables.write(make(load)):
            pass
    yield from Chains(load).write()
