"""Bytes from outside become one tree, or nothing."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from lxml import etree

from sso.protocols.saml.checks import Check, refused

LONGEST_FORM_VALUE = 256 * 1024
# With more prefixes in scope canonical form takes quadratic time.
_MOST_PREFIXES = 32
_MOST_ATTRIBUTES = 32
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,254}")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a document may have at most: bytes, elements, and elements within each other."""

    length: int
    elements: int
    depth: int


MESSAGE = Bounds(length=192 * 1024, elements=5_000, depth=24)
# Honest metadata, with its certificates and long names, have more than 70 bytes for each element.
DESCRIPTION = Bounds(length=1024 * 1024, elements=15_000, depth=24)


def decoded(form_value: str) -> bytes:
    """
    Read a form value, which may be broken into lines (SAML Bindings, section 3.5.4).

    :raises Refused: too large, empty, or no base64
    """
    if len(form_value) > LONGEST_FORM_VALUE:
        raise refused(Check.SIZE, "form value is too large")
    try:
        text = "".join(form_value.split())
        xml = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError as error:
        raise refused(Check.ENCODING, "not base64") from error
    if not xml:
        raise refused(Check.ENCODING, "empty")
    return xml


def parsed(xml: bytes, *, bounds: Bounds) -> etree._Element:
    """
    Read a document of UTF-8; the tree has no comments, entities or processing instructions.

    :raises Refused: too large, not well-formed, or more than a plain document
    """
    if len(xml) > bounds.length:
        raise refused(Check.SIZE, "document is too large")
    try:
        text = xml.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refused(Check.DOCUMENT, "not UTF-8") from error
    # Refused unread: a document type is never wanted, and its entities cost time and memory.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise refused(Check.DOCUMENT, "has a document type")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, recover=False
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise refused(Check.DOCUMENT, "not well-formed") from error
    _judge_head(root)
    _judge(root, bounds=bounds)
    return root


def _judge(root: etree._Element, *, bounds: Bounds) -> None:
    """Refuse a tree that is too large or holds anything besides elements and text."""
    if root.xpath("count(//*)") > bounds.elements:
        raise refused(Check.DOCUMENT, "has too many elements")
    if root.xpath(f"boolean({'/*' * (bounds.depth + 1)})"):
        raise refused(Check.DOCUMENT, "is too deep")
    _judge_prefixes(root)
    seen: set[str] = set()
    for node in root.iter():
        # A comment may cut a name in two for one reader and not for another.
        if not isinstance(node.tag, str):
            raise refused(Check.DOCUMENT, "has a comment, entity or processing instruction")
        if len(node.attrib) > _MOST_ATTRIBUTES:
            raise refused(Check.DOCUMENT, "has too many attributes")
        for value in _identifiers(node):
            if value in seen:
                raise refused(Check.IDENTIFIERS, "used twice")
            seen.add(value)


def _judge_prefixes(root: etree._Element) -> None:
    """
    Refuse more prefixes in scope than honest documents have.

    Counted where they begin and end: to ask each element for its own (``nsmap``) takes longer than
    all other judgements together.
    """
    in_scope = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        in_scope += 1 if event == "start-ns" else -1
        if in_scope > _MOST_PREFIXES:
            raise refused(Check.DOCUMENT, "has too many prefixes")


def _judge_head(root: etree._Element) -> None:
    """Refuse what stands around the root: a document type, comments, another encoding."""
    docinfo = root.getroottree().docinfo
    if docinfo.doctype or docinfo.internalDTD is not None:
        raise refused(Check.DOCUMENT, "has a document type")
    if (docinfo.encoding or "UTF-8").upper() not in {"UTF-8", "US-ASCII", "ASCII"}:
        raise refused(Check.DOCUMENT, "not UTF-8")
    if root.getprevious() is not None or root.getnext() is not None:
        raise refused(Check.DOCUMENT, "has a comment or processing instruction")


def _identifiers(node: etree._Element) -> list[str]:
    """
    Return what an element may be referred to by.

    ``xml:id``, which libxml2 knows unasked, and those of other namespaces would be second names by
    which a signature could find another element than the one that wears it.
    """
    found = []
    for name, value in node.attrib.items():
        if str(name).rpartition("}")[2].lower() != "id":
            continue
        if str(name).startswith("{"):
            raise refused(Check.IDENTIFIERS, "of another kind than SAML's")
        if not _NAME.fullmatch(str(value)):
            raise refused(Check.IDENTIFIERS, "not a name")
        found.append(str(value))
    return found
