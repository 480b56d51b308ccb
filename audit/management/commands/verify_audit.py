"""``manage.py verify_audit``"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django import db
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from audit import file_verification
from audit.chain import SYSTEM_CHAIN
from audit.file_verification import Outcome, Witnesses, lines_of
from audit.findings import Broken, Finding, chain_name
from audit.members import RecordError
from audit.services import inspection, sealed
from audit.verification import Keys

_FOUND, _UNABLE = 1, 2
_OWN_KEYS = (
    "The public keys were read from the database that is verified, where whoever rewrote it may"
    " have put others. Give --keys a JWK set that was kept elsewhere to be sure."
)


class Command(BaseCommand):
    """Tells whether the trail is as it was sealed, and where it is not."""

    help = (
        "Walk each chain of the trail and name the first row that was changed, removed, inserted or"
        " moved. Exit status: 0 nothing was found, 1 something was, 2 it could not be verified."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--chain", default="all", help="an organization's id, 'system', or 'all' of them"
        )
        parser.add_argument(
            "--from", type=Path, dest="file", help="verify an export instead of the database"
        )
        parser.add_argument("--keys", type=Path, help="the JWK set of the keys that are trusted")
        parser.add_argument(
            "--checkpoints", type=Path, help="checkpoints that were kept elsewhere, as JSON lines"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        chain = _chain(options["chain"])
        try:
            outcomes, warning = self._outcomes(chain, options)
        except OSError as error:
            raise CommandError(
                f"{error.filename}: {error.strerror}.", returncode=_UNABLE
            ) from error
        except RecordError as error:
            raise CommandError(str(error), returncode=_UNABLE) from error
        except db.Error as error:
            raise CommandError(f"The database: {error}", returncode=_UNABLE) from error
        except Broken as broken:
            self._found(broken.finding)
            sys.exit(_FOUND)
        for outcome in outcomes:
            self._tell(outcome)
        if warning:
            self.stderr.write(f"Warning: {warning}")
        if any(outcome.finding for outcome in outcomes):
            sys.exit(_FOUND)

    def _outcomes(
        self, chain: UUID | None, options: dict[str, Any]
    ) -> tuple[list[Outcome], Finding | None]:
        with ExitStack() as files:
            keys = options["keys"] and file_verification.trusted_keys(options["keys"].read_bytes())
            if options["file"]:
                if not keys:
                    raise CommandError(
                        "An export does not vouch for itself: give --keys the JWK set that is"
                        " served under /.well-known/audit-jwks.json.",
                        returncode=_UNABLE,
                    )
                export = files.enter_context(options["file"].open("rb"))
                witnesses = self._witnesses(options["checkpoints"], keys)
                return _verify_file(export, keys, witnesses, chain), None
            if not keys:
                self.stderr.write(f"Note: {_OWN_KEYS}")
                keys = Keys(sealed.keys())
            witnesses = self._witnesses(options["checkpoints"], keys)
            return _verify_database(keys, witnesses, chain), inspection.unsealed(now=timezone.now())

    def _witnesses(self, path: Path | None, keys: Keys) -> Witnesses:
        if path is None:
            return {}
        with path.open("rb") as file:
            return file_verification.kept_elsewhere(lines_of(file), keys, torn=self._torn)

    def _torn(self, finding: Finding) -> None:
        self.stderr.write(f"Warning: {finding} It is one of the checkpoints, and is passed over.")

    def _found(self, finding: Finding) -> None:
        self.stderr.write(f"FOUND: {finding}")

    def _tell(self, outcome: Outcome) -> None:
        walk = outcome.walk
        if outcome.finding:
            self._found(outcome.finding)
            return
        name = chain_name(walk.chain)
        name = name[0].upper() + name[1:]
        if walk.is_selection:
            told = f"each of the {walk.rows - walk.unproved} rows is one that was signed"
            told += "; rows were left out on purpose, so nothing is said of others"
        else:
            begin = walk.cut.through + 1 if walk.cut else 1
            told = (
                f"rows {begin} to {walk.last} are as they were sealed" if walk.rows else "no rows"
            )
            told += f", signed up to row {walk.signed} by {walk.checkpoints} checkpoints"
            if walk.cut:
                told += (
                    f"; those before were removed on {walk.cut.cut_at:%Y-%m-%d}, which is signed"
                )
        unsigned = walk.unproved or max(0, walk.last - walk.signed)
        if unsigned:
            told += f"; the last {unsigned} are not signed yet"
        self.stdout.write(f"{name}: {told}.")


def _chain(written: str) -> UUID | None:
    if written == "all":
        return None
    if written == "system":
        return SYSTEM_CHAIN
    try:
        return UUID(written)
    except ValueError as error:
        raise CommandError(f"{written} is no organization's id.", returncode=_UNABLE) from error


def _verify_file(
    export: IO[bytes], keys: Keys, witnesses: Witnesses, chain: UUID | None
) -> list[Outcome]:
    size = Path(export.name).stat().st_size
    with tqdm(total=size, unit="B", unit_scale=True, disable=None, leave=False) as bar:
        lines = lines_of(export, seen=bar.update)
        return file_verification.verify_lines(lines, keys, witnesses, only=chain)


def _verify_database(keys: Keys, witnesses: Witnesses, chain: UUID | None) -> list[Outcome]:
    # A chain of which nothing is left is known from checkpoints that were kept elsewhere.
    chains = [chain] if chain is not None else sorted({*sealed.chains(), *witnesses})
    outcomes = []
    with tqdm(unit="row", disable=None, leave=False) as bar:
        for each in chains:
            bar.set_description(chain_name(each))
            kept = witnesses.get(each, {})
            outcomes.append(inspection.inspect(each, keys, kept, seen=bar.update))
    return outcomes
