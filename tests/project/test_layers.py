"""The layers hold: import-linter judges the imports, and the test below what it cannot name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.project.tree import PACKAGES, ROOT, name_of, python_files


def test_every_import_goes_down():
    linter = Path(sys.executable).with_name("lint-imports")
    answer = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_no_view_speaks_to_the_database():
    # import-linter knows django only as a whole.
    views = [path for path in python_files(*PACKAGES) if "views" in (path.stem, path.parent.name)]
    assert views
    assert [name_of(path) for path in views if "django.db" in path.read_text()] == []
