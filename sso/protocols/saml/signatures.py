"""Whether a signature is by a key of the provider."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from lxml import etree

from sso.facts import IdentityProvider
from sso.protocols.saml import certificates, library
from sso.protocols.saml.checks import Check, refused


def verify(root: etree._Element, path: str, *, idp: IdentityProvider, now: datetime) -> None:
    """
    Verify the signature at ``path``, which ``precheck`` has judged.

    :raises Refused: no key of the provider made it, or only one whose certificate has expired
    """
    verify_by(lambda some: library.is_signed_by(root, path, certificates=some), idp=idp, now=now)


def verify_by(
    is_made_by: Callable[[Sequence[str]], bool], *, idp: IdentityProvider, now: datetime
) -> None:
    """
    Try the certificates of the provider: those in force, then the expired ones to name the reason.

    An expired one is not accepted, because a provider that still uses it has lost track of its key;
    its administrator reads why and gives a new one.

    :raises Refused: no key of the provider made it, or only one whose certificate has expired
    """
    with library.foreign_errors(Check.CERTIFICATE):
        usable, expired = certificates.live(idp.certificates, now=now)
    if is_made_by(usable):
        return
    if is_made_by(expired):
        latest = max(certificates.ends_at(certificate) for certificate in expired)
        raise refused(Check.CERTIFICATE, f"certificate expired on {latest:%Y-%m-%d}")
    raise refused(Check.SIGNATURE, "not by a key of this provider")
