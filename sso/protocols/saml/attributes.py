"""What an assertion tells of a person besides their name."""

from __future__ import annotations

import unicodedata

from lxml import etree

from sso.protocols.saml.checks import Check, quoted, refused
from sso.protocols.saml.names import saml

_MOST_VALUES = 2_000
_LONGEST_NAME = 512
_LONGEST_VALUE = 4_096
# Control characters and ends of lines: a value may end up in a header or a log.
_NEVER = frozenset({"Cc", "Cs", "Zl", "Zp"})


def told(assertion: etree._Element) -> dict[str, tuple[str, ...]]:
    """
    Return all values under their names; one name may stand there several times (Keycloak's does).

    Values that are XML themselves are left out, except for a NameID (eduPersonTargetedID).

    :raises Refused: too many, too long, or not plain text
    """
    found: dict[str, list[str]] = {}
    count = 0
    for statement in assertion.findall(saml("AttributeStatement")):
        for attribute in statement.findall(saml("Attribute")):
            name = _name(attribute)
            values = [text for node in attribute if (text := _text(node, name))]
            count += len(values)
            if count > _MOST_VALUES:
                raise refused(Check.ATTRIBUTES, "too many values")
            found.setdefault(name, []).extend(values)
    return {name: tuple(values) for name, values in found.items()}


def _name(attribute: etree._Element) -> str:
    name = str(attribute.get("Name", ""))
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise refused(Check.ATTRIBUTES, "name is too long or not printable")
    return name


def _text(node: etree._Element, name: str) -> str:
    if len(node):
        inner = node[0]
        is_name = len(node) == 1 and inner.tag == saml("NameID") and not len(inner)
        text = (inner.text if is_name else "") or ""
    else:
        text = node.text or ""
    if len(text) > _LONGEST_VALUE:
        raise refused(Check.ATTRIBUTES, f"{quoted(name)} has a value that is too long")
    if any(unicodedata.category(char) in _NEVER for char in text):
        raise refused(Check.ATTRIBUTES, f"{quoted(name)} has a value with control characters")
    return text
