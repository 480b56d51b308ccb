"""The identity provider that npm's samlp makes: ``npm ci --prefix tests/servers/saml``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.saml_providers import ForeignSaml, missing, running

_HERE = Path(__file__).parent / "saml"


@contextmanager
def samlp() -> Iterator[ForeignSaml]:
    """Run it; it signs responses and assertions."""
    node = shutil.which("node")
    if node is None or not (_HERE / "node_modules" / "samlp").is_dir():
        missing("samlp", "npm ci --prefix tests/servers/saml")

    def command(port: int, here: Path) -> list[str]:
        return [str(node), str(_HERE / "server.js"), str(port), str(here)]

    with running("samlp", command, metadata_path="/metadata") as provider:
        yield provider
