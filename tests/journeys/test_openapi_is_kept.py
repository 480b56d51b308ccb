"""
The running server keeps what its OpenAPI document says, whatever a client sends.

schemathesis makes requests out of the document, good ones and broken ones, and judges each
answer: no 5xx, no status, header or body that is not documented, no broken request accepted. The
full form is ``JOURNEY_CASES=5000``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from resilience.policies import POLICIES
from tests.journeys.clubs import founded
from tests.journeys.world import World, deployed
from tests.servers.postgres import PostgresServer

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("openapi")]

CASES = int(os.environ.get("JOURNEY_CASES", "100"))
# Nobody is refused for asking often: that would hide what else is answered.
GENEROUS = ",".join(
    f"{name}.{kind}=1000000/60s" for name in POLICIES for kind in ("address", "account", "key")
)
# These end the session that the other requests need; the anonymous pass has them.
ENDS_THE_SESSION = (
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/logout/all",
    "POST /api/v1/auth/sso/logout",
    "DELETE /api/v1/sessions",
    "DELETE /api/v1/sessions/{session_id}",
)
# Where a browser comes back from its provider, and where OpenID asks it first. The stranger came to
# them before there was a connection; behind one that somebody makes here there is no provider.
OF_PROVIDERS = "^/sso/(saml/.*/(acs|sls)|oidc/.*)$"
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture(scope="module")
def world(shared_postgres: PostgresServer) -> Iterator[World]:
    with deployed(shared_postgres, with_static=True, RATE_LIMITS=GENEROUS) as world:
        yield world


def try_everything(world: World, directory: Path, *options: str) -> int:
    """Let schemathesis loose, and return how many requests it made."""
    examples = 5 + CASES // 80
    command = [
        *(str(Path(sys.executable).with_name("st")), "--config-file", str(CONFIGURATION)),
        *("run", f"{world.web.url}/api/v1/openapi.json", "--checks", "all", "--no-color"),
        *("--max-examples", str(examples), "--request-timeout", "30", *options),
        *("--generation-database", "none", "--seed", "20261126"),
        # Refused as malformed, because PostgreSQL cannot store it; tests/kernel has that.
        *("--generation-allow-x00", "false"),
    ]
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, check=False, timeout=1800
    )
    told = done.stdout + done.stderr
    found = re.search(r"([\d,]+) generated", told)
    assert done.returncode == 0, told[-20_000:]
    assert found, told
    assert "Traceback" not in world.web.log()
    return int(found[1].replace(",", ""))


def test_a_stranger_gets_only_what_is_documented(world, tmp_path, figure):
    made = try_everything(world, tmp_path)
    figure(f"{made} requests")
    assert made >= CASES // 2


def test_who_is_signed_in_gets_only_what_is_documented(world, tmp_path, figure):
    # From elsewhere: the guesses of the stranger have closed 127.0.0.1 for passwords.
    person = world.visitor(world.populate(1)[0], address="10.1.1.1")
    token = person.sign_in().body["access"]
    spared = [part for name in ENDS_THE_SESSION for part in ("--exclude-name", name)]
    bearer = f"Authorization: Bearer {token}"
    spared += ["--exclude-path-regex", OF_PROVIDERS]
    made = try_everything(world, tmp_path, "--header", bearer, *spared)
    figure(f"{made} requests")
    assert made >= CASES // 2
    assert world.caller().send("GET", "/api/v1/me", token=token).status == 200


def test_a_program_gets_only_what_is_documented(world, tmp_path, figure):
    owner = world.visitor(world.populate(1)[0], address="10.1.1.2")
    assert owner.sign_in().status == 200
    club = founded(world, owner)
    body = {"name": "Billing", "scopes": ["tokens:*", "webhooks:*"]}
    key = club.send(owner, "POST", "/api-keys", body).body["key"]
    bearer = f"Authorization: Bearer {key}"
    asked = ("--include-path-regex", "/token/(introspect|revoke)$|/webhooks")
    # These operations have fewer ways to be asked than all.
    made = try_everything(world, tmp_path, "--header", bearer, *asked)
    figure(f"{made} requests")
    assert made >= CASES // 50
