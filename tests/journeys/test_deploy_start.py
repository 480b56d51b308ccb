"""A deployment with secrets that protect nothing does not start, and says what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.environment import production_environment
from tests.servers.plinto import ROOT
from tests.servers.process import free_port

pytestmark = pytest.mark.journey

WEB = ["-m", "plinto.serve"]
WORKER = ["manage.py", "run_worker"]
WEAK = {
    "a short SECRET_KEY": ("SECRET_KEY", "correct horse"),
    "the SECRET_KEY of debug": ("SECRET_KEY", "debug-only-" * 6),
    "no FIELD_KEYS": ("FIELD_KEYS", ""),
    "the FIELD_KEYS of debug": ("FIELD_KEYS", "ZGVidWctb25seS1kZWJ1Zy1vbmx5LWRlYnVnLW9ubHk="),
}


def start(command: list[str], directory: Path, **variables: str) -> subprocess.CompletedProcess:
    """Start as production does and wait for the end."""
    environment = production_environment(
        var_dir=directory, PORT=str(free_port()), WEB_WORKERS="1", **variables
    )
    return subprocess.run(
        [sys.executable, *command],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("weakness", WEAK)
def test_the_web_server_refuses_to_start_with(weakness, tmp_path):
    name, value = WEAK[weakness]
    ended = start(WEB, tmp_path, **{name: value})
    told = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert f"ImproperlyConfigured: {name} must" in told
    assert not value or value not in told


def test_the_worker_refuses_to_start_with_a_weak_key(tmp_path):
    ended = start(WORKER, tmp_path, SECRET_KEY="correct horse")
    assert ended.returncode != 0
    assert "SECRET_KEY must" in ended.stderr
