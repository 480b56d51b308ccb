"""The environment of a production deployment, with secrets of this run only."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from resilience.policies import POLICIES


def production_environment(*, var_dir: Path, **variables: str) -> dict[str, str]:
    """
    Build the whole environment of a Plinto process; ``variables`` win over the defaults.

    Nothing of the developer's shell comes along except what finds programs, so a ``DEBUG`` or a
    ``TRUSTED_PROXIES`` left there cannot change what a test shows.
    """
    # WhiteNoise warns about a missing directory, and warnings are errors here.
    (var_dir / "static").mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "PUBLIC_URL": "http://localhost:8000",
        "VAR_DIR": str(var_dir),
        # All of a run comes from one address; tests of the limits choose their own.
        "RATE_LIMITS": ",".join(f"{name}=1000000/60s" for name in POLICIES),
        **variables,
    }
