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
from lxml import etree
from sso.facts import Policy, Refused
from sso.protocols.saml import logout, metadata
from sso.protocols.saml.incoming import Incoming
from tests.sso.attacks import forge, sign_out
from tests.sso.attacks.signing import key_of, sign_metadata
from tests.sso.saml.parties import NOW, PROVIDER, REQUEST, provider, service, told, verify
from tests.sso.saml.test_metadata import deep

def assertion(value):
    verify(value)

def ending(query):
    logout.requested(
        Incoming(query=query), sp=service(), idp=provider(), policy=Policy(), now=NOW
    )

def described(xml):
    metadata.read(xml, signer=key_of("federation").certificate, now=NOW)

def federation(xml):
    root = etree.fromstring(xml)
    sign_metadata(root, identifier="_md", key=key_of("stranger"))
    return etree.tostring(root)

key = key_of("idp")
crowds = [
    ("600 kB of metadata, deep and full of prefixes", deep()),
    ("as many prefixes as metadata may have", deep(times=820)),
    ("as many elements in many prefixes as metadata may have", deep(times=68, leaves=200)),
]
forged = [
    (assertion, forge.attacks(service(), PROVIDER, key, request_id=REQUEST, now=NOW)),
    (ending, sign_out.attacks(service(), PROVIDER, key, now=NOW)),
    (described, [(name, federation(xml)) for name, xml in crowds]),
]
verify(told())
largest = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = {}
for read, documents in forged:
    for name, document in documents:
        began_at, began_with = time.thread_time(), largest()
        try:
            read(document)
        except Refused:
            pass
        cost = (time.thread_time() - began_at, largest() - began_with)
        found[f"{read.__name__}: {name}"] = cost
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
