"""Every forged document is refused, by the check that is there for it."""

from __future__ import annotations

import pytest

from sso.facts import Refused
from tests.sso.attacks import forge
from tests.sso.attacks.signing import key_of
from tests.sso.saml.parties import told, verify

ATTACKS = list(forge.every(told(), key_of("idp")))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_refused_for_what_it_is(attack, capfd):
    with pytest.raises(Refused) as refusal:
        verify(attack.form_value)

    assert refusal.value.reason.split(":")[0] == attack.check
    assert capfd.readouterr() == ("", "")
