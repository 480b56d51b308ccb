"""What the README promises: one command, one paste, and a second start that changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.servers.plinto import ROOT
from tests.servers.process import ServerProcess, free_port

pytestmark = [
    pytest.mark.journey,
    pytest.mark.xdist_group("quickstart"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="The transcript needs curl."),
]


@dataclass
class Machine:
    """A newcomer's machine: a port, an empty directory for data, and ``make run`` on it."""

    port: int
    directory: Path
    process: ServerProcess | None = None

    @property
    def var(self) -> Path:
        return self.directory / "var"

    def run(self) -> float:
        """Do what ``make run`` does once its packages are there; return the seconds it took."""
        began = time.monotonic()
        self.process = ServerProcess(
            [sys.executable, "-m", "plinto.local"],
            log=self.directory / "run.log",
            environment={
                "PATH": os.environ["PATH"],
                "PORT": str(self.port),
                "VAR_DIR": str(self.var),
            },
            directory=ROOT,
        )
        already = self.said().count("Plinto is running.")
        self.process.wait_until(
            lambda: self.said().count("Plinto is running.") > already, seconds=60
        )
        return time.monotonic() - began

    def said(self) -> str:
        return (self.directory / "run.log").read_text()

    def processes(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self) -> int:
        return self.process.stop(seconds=40)

    def facts(self) -> tuple[str, list[tuple[str, ...]]]:
        """The secrets, the administrators with their passwords, and the keys."""
        with closing(sqlite3.connect(self.var / "plinto.sqlite3")) as database:
            rows = database.execute(
                "SELECT email, password FROM accounts_user WHERE is_superuser"
                " UNION ALL SELECT kid, signs_from FROM accounts_signing_key"
            ).fetchall()
        return (self.var / "secrets.env").read_text(), rows


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(free_port(), tmp_path_factory.mktemp("machine"))
    try:
        yield machine
    finally:
        if machine.process is not None:
            machine.stop()


def paste(machine: Machine) -> list[str]:
    """Paste the printed transcript into a shell and return the lines that it showed."""
    transcript = (ROOT / "docs" / "quickstart.sh").read_text()
    transcript = transcript.replace("http://localhost:8000", f"http://localhost:{machine.port}")
    transcript = transcript.replace("var/mail", f"{machine.var}/mail")
    assert transcript in machine.said()
    shell = subprocess.run(
        ["bash"], input=transcript, capture_output=True, text=True, timeout=60, check=False
    )
    assert shell.stderr == ""
    return shell.stdout.splitlines()


def test_the_transcript_works_as_pasted_and_a_second_start_changes_nothing(machine, figure):
    first = machine.run()
    verified, me, sessions, signed_out, refused = paste(machine)
    assert verified == '"email_verified":true'
    assert json.loads(me)["email"] == "ada@example.com"
    assert [session["current"] for session in json.loads(sessions)["results"]] == [True, False]
    assert signed_out == "204"
    assert json.loads(refused)["error"] == "SESSION_ENDED"
    facts, begun = machine.facts(), machine.processes()
    assert machine.stop() == 0
    assert [process for process in begun if process.is_running()] == []
    second = machine.run()
    assert machine.facts() == facts
    figure(f"first start {first:.1f} s, second {second:.1f} s")


def test_a_taken_port_is_named_before_anything_starts(machine):
    if machine.process is None or not machine.process.is_running:
        machine.run()
    second = Machine(machine.port, machine.directory / "second")
    second.directory.mkdir()
    answer = subprocess.run(
        [sys.executable, "-m", "plinto.local"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PORT": str(machine.port), "VAR_DIR": str(second.var)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert answer.returncode == 1
    assert f"Port {machine.port} is taken" in answer.stdout
