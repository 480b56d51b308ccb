"""No hostile document holds a worker, or its memory, for long."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.project.tree import ROOT

# Seconds of the thread's own CPU time, so that a busy machine does not count; kilobytes of the
# process's largest size, above what an honest document needs.
LONGEST = 0.2
LARGEST = 50 * 1024

# In a process of its own: what other tests once needed would hide how much one document needs.
MEASURE = """
import json, resource, time
from sso.facts import Refused
from tests.sso.attacks import forge
from tests.sso.attacks.signing import key_of
from tests.sso.saml.parties import NOW, PROVIDER, REQUEST, service, told, verify

forged = forge.attacks(service(), PROVIDER, key_of("idp"), request_id=REQUEST, now=NOW)
verify(told())
largest = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = {}
for name, document in forged:
    began_at, began_with = time.thread_time(), largest()
    try:
        verify(document)
    except Refused:
        pass
    found[name] = (time.thread_time() - began_at, largest() - began_with)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def costs() -> dict[str, tuple[float, int]]:
    answer = subprocess.run(
        [sys.executable, "-c", MEASURE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return json.loads(answer.stdout)


def test_no_attack_takes_200_milliseconds(costs):
    assert {name: cpu for name, (cpu, _) in costs.items() if cpu > LONGEST} == {}


def test_no_attack_adds_50_megabytes(costs):
    assert {name: size for name, (_, size) in costs.items() if size > LARGEST} == {}
