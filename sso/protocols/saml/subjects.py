"""Who an assertion is about, and who a request to sign out means."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson
from lxml import etree

from accounts.services import statements
from sso.protocols.saml.checks import Check, refused
from sso.protocols.saml.names import TRANSIENT, saml

_LONGEST_QUALIFIER = 1024
_LONGEST_SESSION_INDEX = 255


@dataclass(frozen=True, slots=True)
class NameID:
    """A name that a provider gives somebody (SAML Core, section 2.2.3)."""

    value: str
    format: str = ""
    name_qualifier: str = ""
    sp_name_qualifier: str = ""

    @property
    def is_transient(self) -> bool:
        """Say whether the name is another one at the next sign-in."""
        return self.format == TRANSIENT

    def hint(self) -> str:
        """Write it for ``Arrival.hint``."""
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def of_hint(cls, hint: str) -> NameID:
        """Read what ``hint`` wrote."""
        return cls(**orjson.loads(hint))


def name_id(parent: etree._Element, *, sp_entity_id: str) -> NameID:
    """
    Read the one name that a subject, or a request to sign out, holds.

    :raises Refused: none, several, not plain ASCII of at most 255 characters, or for another
        service provider
    """
    found = parent.findall(saml("NameID"))
    others = [parent.find(saml(name)) for name in ("BaseID", "EncryptedID")]
    if len(found) != 1 or any(other is not None for other in others):
        raise refused(Check.SUBJECT, "not exactly one NameID")
    node = found[0]
    name = NameID(
        value=lasting(node.text if not len(node) else None),
        format=_qualifier(node, "Format"),
        name_qualifier=_qualifier(node, "NameQualifier"),
        sp_name_qualifier=_qualifier(node, "SPNameQualifier"),
    )
    if name.sp_name_qualifier not in {"", sp_entity_id}:
        raise refused(Check.SUBJECT, "NameID is for another service provider")
    return name


def lasting(value: str | None) -> str:
    """
    Judge text that somebody is to be known by, as for any other provider.

    :raises Refused: the row could not hold it whole, or two people could look alike
    """
    try:
        subject = statements.subject_of(value)
    except statements.StatementRefused as error:
        raise refused(Check.SUBJECT, "not 1 to 255 printable characters of ASCII") from error
    if subject != subject.strip():
        raise refused(Check.SUBJECT, "begins or ends with a space")
    return subject


def session_index(value: str | None) -> str:
    """
    Judge the name of a session at the provider; there may be none.

    :raises Refused: it is longer than 255 characters or not printable
    """
    text = value or ""
    if len(text) > _LONGEST_SESSION_INDEX or not text.isprintable():
        raise refused(Check.SUBJECT, "SessionIndex is too long or not printable")
    return text


def _qualifier(node: etree._Element, name: str) -> str:
    value = str(node.get(name, ""))
    if len(value) > _LONGEST_QUALIFIER or not value.isprintable():
        raise refused(Check.SUBJECT, f"{name} is too long or not printable")
    return value
