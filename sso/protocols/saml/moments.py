"""Moments as SAML writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from lxml import etree

from sso.protocols.saml.checks import Check, refused

# SAML Core, section 1.3.3: UTC, without any other time zone; a fraction may be of any length.
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?Z", re.ASCII)


def written(moment: datetime) -> str:
    """Write a moment in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def told(node: etree._Element, name: str, *, check: Check) -> datetime | None:
    """
    Read an attribute, None when it is not there.

    :raises Refused: it is no moment
    """
    value = node.get(name)
    if value is None:
        return None
    match = _MOMENT.fullmatch(value)
    try:
        if match is None:
            raise ValueError(name)
        whole = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    except ValueError as error:
        raise refused(check, f"{name} is not a moment") from error
    return whole.replace(microsecond=int((match[2] or "").ljust(6, "0")[:6]))


def required(node: etree._Element, name: str, *, check: Check) -> datetime:
    """
    Read an attribute that must be there.

    :raises Refused: it is missing or is no moment
    """
    moment = told(node, name, check=check)
    if moment is None:
        raise refused(check, f"{name} is missing")
    return moment
