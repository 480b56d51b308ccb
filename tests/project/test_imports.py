"""Everything imports without a warning, and the XML libraries agree on one libxml2."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.project.tree import ROOT


def run_strictly(code: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout + answer.stderr


@pytest.mark.parametrize("order", ["import lxml.etree, xmlsec", "import xmlsec, lxml.etree"])
def test_xmlsec_and_lxml_read_each_others_trees(order):
    code = f"""
{order}
template = xmlsec.template.create(
    lxml.etree.Element("a"), xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformRsaSha256
)
print(lxml.etree.QName(template).localname)
"""
    assert run_strictly(code) == "Signature\n"


def test_every_module_imports_without_a_warning():
    code = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "plinto.settings"
django.setup()
from tests.project.tree import import_everything
import_everything()
"""
    assert run_strictly(code) == ""
