"""The table of checks in the documentation is the one that is made."""

from __future__ import annotations

import re

from sso.protocols.saml.checks import CHECKS
from tests.project.tree import ROOT


def test_every_check_is_documented_in_the_order_in_which_it_is_made():
    text = (ROOT / "docs" / "saml.md").read_text()

    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", text, re.MULTILINE)

    assert rows == [(str(name), sentence) for name, sentence in CHECKS]
