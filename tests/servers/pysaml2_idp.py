"""The identity provider that PyPI's pysaml2 makes, with Debian's xmlsec1."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.saml_providers import ForeignSaml, missing, running

_SCRIPT = Path(__file__).parent / "saml" / "pysaml2_server.py"


@contextmanager
def pysaml2() -> Iterator[ForeignSaml]:
    """Run it; it verifies requests, and signs responses and assertions."""
    if shutil.which("xmlsec1") is None:
        missing("xmlsec1", "apt-get install xmlsec1")

    def command(port: int, here: Path) -> list[str]:
        return [sys.executable, str(_SCRIPT), str(port), str(here)]

    with running("pysaml2", command, metadata_path="/metadata") as provider:
        yield provider
