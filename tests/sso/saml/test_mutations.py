"""Whatever is changed in a response, nobody else comes and nothing but a refusal is raised."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy

import pytest
from lxml import etree

from sso.facts import Policy, Refused
from sso.protocols.saml import logout, metadata
from sso.protocols.saml.incoming import Incoming
from tests.sso.attacks import sign_out
from tests.sso.attacks.hostile import sealed
from tests.sso.attacks.sign_out import Ending
from tests.sso.attacks.signing import form, good, key_of
from tests.sso.saml.parties import NOW, PROVIDER, provider, service, told, verify

# Fixed, so that what fails once fails again.
SEED = 20_261
TRIES = 250


def changed_bytes(xml: bytes, chance: random.Random) -> bytes:
    """Flip, drop, double or move a few bytes."""
    changed = bytearray(xml)
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(len(changed)), chance.randint(1, 40)
        piece = changed[at : at + length]
        match chance.randrange(4):
            case 0:
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = piece
            case _:
                del changed[at : at + length]
                to = chance.randrange(len(changed) + 1)
                changed[to:to] = piece
    return bytes(changed)


def changed_tree(xml: bytes, chance: random.Random) -> bytes:
    """Drop, double, move, rename or rewrite an element or attribute."""
    root = etree.fromstring(xml)
    nodes = list(root.iter())
    for _ in range(chance.randint(1, 2)):
        node, other = chance.choice(nodes[1:]), chance.choice(nodes)
        match chance.randrange(6):
            case 0 if node.getparent() is not None:
                node.getparent().remove(node)
            case 1:
                other.append(deepcopy(node))
            case 2 if node not in other.iterancestors() and node is not other:
                other.append(node)
            case 3:
                node.tag = other.tag
            case 4:
                node.text = chance.choice([other.text, "", "eve@corp.example"])
            case _:
                name = chance.choice([*node.attrib, "ID", "Id", "URI", "Algorithm"])
                node.set(name, chance.choice([*other.attrib.values(), "_assertion", ""]))
    return etree.tostring(root)


@pytest.fixture(scope="module")
def honest() -> list[bytes]:
    """Return a response of each kind: signed within, without, both, and encrypted."""
    key = key_of("idp")
    kinds = [("Assertion",), ("Response",), ("Assertion", "Response")]
    documents = [good(told(), key, signs=signs) for signs in kinds]
    documents.append(sealed(told(), key, key_of("plinto").certificate, signs=("Assertion",)))
    return [etree.tostring(document) for document in documents]


@pytest.mark.parametrize("change", [changed_bytes, changed_tree])
def test_no_changed_response_says_anything_else(honest, change):
    chance = random.Random(SEED)
    right = verify(told())
    accepted = 0

    for number in range(TRIES):
        try:
            found = verify(change(honest[number % len(honest)], chance))
        except Refused:
            continue
        accepted += 1
        # What no signature covers may change, and blanks within a signature's own base64.
        assert found == right
    assert accepted < TRIES / 2


@pytest.mark.parametrize("change", [changed_bytes, changed_tree])
def test_no_changed_metadata_or_request_to_sign_out_raises_anything_else(change):
    chance = random.Random(SEED)
    published = metadata.published(service(), now=NOW)
    ending = Ending(sp=service(), issuer=PROVIDER, now=NOW).xml().encode()

    for _ in range(TRIES // 5):
        query = sign_out.query(sign_out.deflated(change(ending, chance)), key_of("idp"))
        _refused_or_read(
            lambda: metadata.read(
                change(published, chance), signer=key_of("plinto").certificate, now=NOW
            )
        )
        for message in (Incoming(query=query), Incoming(form_value=form(change(ending, chance)))):
            _refused_or_read(
                lambda message=message: logout.requested(
                    message, sp=service(), idp=provider(), policy=Policy(), now=NOW
                )
            )


def _refused_or_read(call: Callable[[], object]) -> None:
    with suppress(Refused):
        call()
