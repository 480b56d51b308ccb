"""What the documents tell a reader to type or to open exists."""

from __future__ import annotations

import re

import pytest
from django.core.management import get_commands

from tests.project.tree import ROOT, documents, name_of

_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
_MAKE = re.compile(r"(?:^|`|\$ )make ([a-z-]+)", re.MULTILINE)
_MANAGE = re.compile(r"manage\.py ([a-z_]+)")
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_every_make_target_exists(path):
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    assert set(_MAKE.findall(path.read_text())) - targets == set()


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_every_management_command_exists(path):
    assert set(_MANAGE.findall(path.read_text())) - set(get_commands()) == set()


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_every_link_leads_to_a_file(path):
    targets = _LINK.findall(path.read_text())
    assert [link for link in targets if not (path.parent / link).exists()] == []
