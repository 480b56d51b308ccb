"""Threads verify documents beside each other, each with its own outcome."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sso.facts import Refused
from tests.sso.attacks.hostile import sealed
from tests.sso.attacks.signing import form, good, key_of
from tests.sso.saml.parties import provider, told, verify

THREADS = 8
ROUNDS = 6


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
