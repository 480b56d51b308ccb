"""Threads verify documents beside each other, each with its own outcome."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from lxml import etree

from sso.facts import Refused
from tests.sso.attacks.hostile import sealed
from tests.sso.attacks.signing import form, good, key_of
from tests.sso.saml.parties import provider, told, verify

THREADS = 8
ROUNDS = 6
PROCESSES = 6
# Reads its first messages all in one instant, and prints how many fit the schema.
FIRST = f"""
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from lxml import etree
from sso.protocols.saml import library

start = threading.Barrier({THREADS})
message = sys.stdin.buffer.read()

def judge(_):
    root = etree.fromstring(message)
    start.wait()
    return library.judge_schema(root)

with ThreadPoolExecutor({THREADS}) as pool:
    print(sum(pool.map(judge, range({THREADS}))))
"""


def test_eight_threads_never_mistake_one_document_for_another():
    """Keys, errors and trees of libxml2 and xmlsec belong to one call each."""
    people = [f"person{number}@corp.example" for number in range(THREADS)]
    keys = [key_of("idp"), key_of("stranger")]
    documents = {
        (person, key.certificate): form(good(told(name_id=person), key))
        for person in people
        for key in keys
    }
    cipher = form(sealed(told(), key_of("idp"), key_of("plinto").certificate))

    def work(person: str) -> None:
        for number in range(ROUNDS):
            mine, others = keys[number % 2], keys[(number + 1) % 2]
            document = documents[person, mine.certificate]
            assert verify(document, idp=provider(mine)).arrival.subject == person
            with pytest.raises(Refused, match=r"^signature:"):
                verify(document, idp=provider(others))
            assert verify(cipher).arrival.subject == "ada@corp.example"

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, people))


@pytest.mark.parametrize("process", range(PROCESSES))
def test_a_process_whose_first_messages_come_at_once_reads_them_all(process):
    """The types of libxml2 are made before any thread can ask for them."""
    child = subprocess.run(
        [sys.executable, "-c", FIRST],
        cwd=settings.BASE_DIR,
        input=etree.tostring(good(told(), key_of("idp"))),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert int(child.stdout) == THREADS
