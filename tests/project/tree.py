"""What the repository consists of, for the tests that judge it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("plinto", "resilience", "audit", "accounts", "sso", "webhooks")
CODE_FOLDERS = (*PACKAGES, "tests", "scripts", "deploy", "benchmarks")


def python_files(*folders: str) -> list[Path]:
    """List the Python files below ``folders`` (all code if none), without migrations."""
    found = [path for folder in folders or CODE_FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if "migrations" not in path.parts)


def documents() -> list[Path]:
    """List the Markdown files that a reader of the repository is given."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def module_names() -> Iterator[str]:
    """Name every importable module of the product."""
    for package in PACKAGES:
        yield package
        for module in pkgutil.walk_packages([str(ROOT / package)], prefix=f"{package}."):
            if not module.name.startswith("plinto.wsgi"):
                yield module.name


def import_everything() -> None:
    """Import the whole product, so that every subclass is known."""
    for name in module_names():
        importlib.import_module(name)
