"""Run a command in a deployment's environment: ``python -m scripts.as_in_production mypy .``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers.environment import production_environment


def main(command: list[str]) -> int:
    """
    Return the exit status of ``command``.

    Its settings are those of a deployment behind TLS, its secrets are of this run, and its data
    directory vanishes afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="plinto-check-") as directory:
        environment = production_environment(
            var_dir=Path(directory), PUBLIC_URL="https://id.example.com"
        )
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
