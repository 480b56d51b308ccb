"""Every forged document is refused, by the check that is there for it."""

from __future__ import annotations

import pytest

from sso.facts import Refused, Word
from tests.sso.attacks import forge
from tests.sso.attacks.signing import key_of
from tests.sso.attacks.table import SEEN_BY
from tests.sso.saml.parties import NOW, PROVIDER, REQUEST, service, verify


@pytest.fixture(scope="module")
def forged() -> dict[str, str]:
    made = forge.attacks(service(), PROVIDER, key_of("idp"), request_id=REQUEST, now=NOW)
    return dict(made)


@pytest.mark.asvs("6.8.2")
@pytest.mark.parametrize("name", [name for name, check in SEEN_BY.items() if check])
def test_an_attack_is_refused_for_what_it_is(name, forged, capfd):
    with pytest.raises(Refused) as refusal:
        verify(forged[name])

    assert refusal.value.reason.split(":")[0] == SEEN_BY[name]
    is_denied = name == "denied by the provider"
    assert refusal.value.word == (Word.DENIED if is_denied else Word.NOT_TRUSTED)
    assert capfd.readouterr() == ("", "")


def test_the_table_names_every_attack_once(forged):
    assert list(forged) == list(SEEN_BY)


def test_two_values_of_an_attribute_are_both_told_so_that_the_mapping_can_refuse_them(forged):
    arrival = verify(forged["two addresses"]).arrival

    assert arrival.attributes["mail"] == ("ada@corp.example", "admin@corp.example")
