"""
What is asked of a document, in the order in which it is asked.

What stands encrypted is asked for its form and signature once it is open.
"""

from __future__ import annotations

import re
from enum import StrEnum

from sso.facts import Refused, Word

_PLAIN = re.compile(r"[A-Za-z0-9 ._~:/?#=&+,;%-]{1,200}")


class Check(StrEnum):
    """The name of a check; ``reason`` of a refusal begins with it and a colon."""

    SIZE = "size"
    ENCODING = "encoding"
    DOCUMENT = "document"
    IDENTIFIERS = "identifiers"
    RESPONSE = "response"
    STATUS = "status"
    ASSERTIONS = "assertions"
    ENCRYPTION = "encryption"
    SIGNATURE_FORM = "signature form"
    SIGNATURE = "signature"
    CERTIFICATE = "certificate"
    DECRYPTION = "decryption"
    ISSUER = "issuer"
    DESTINATION = "destination"
    CONFIRMATION = "confirmation"
    IN_RESPONSE_TO = "in response to"
    AUDIENCE = "audience"
    RECIPIENT = "recipient"
    AGE = "age"
    VALIDITY = "validity"
    AUTHENTICATION = "authentication"
    SUBJECT = "subject"
    ATTRIBUTES = "attributes"
    LIBRARY = "library"
    # Not of a sign-in:
    METADATA = "metadata"
    LOGOUT = "logout"


# Names and plain sentences, for whoever sets a connection up.
CHECKS: tuple[tuple[str, str], ...] = (
    (Check.SIZE, "The answer has at most 256 kB, its document at most 192 kB."),
    (Check.ENCODING, "The answer is a form value in base64."),
    (
        Check.DOCUMENT,
        "It is well-formed XML of bounded depth and number of elements, without a document type,"
        " entities, comments or processing instructions.",
    ),
    (Check.IDENTIFIERS, "No identifier is used twice in it."),
    (Check.RESPONSE, "It is a response of SAML 2.0, as its schema wants it."),
    (Check.STATUS, "The provider says that the sign-in succeeded."),
    (Check.ASSERTIONS, "It holds exactly one assertion, encrypted if this connection wants that."),
    (Check.ENCRYPTION, "What is encrypted is so by a safe algorithm, and brings its key along."),
    (
        Check.SIGNATURE_FORM,
        "A signature stands in the response or in the assertion, covers it wholly, and uses no"
        " other than safe algorithms.",
    ),
    (Check.SIGNATURE, "The signatures were made with a key of the provider's metadata."),
    (Check.CERTIFICATE, "The certificate of that key has not expired."),
    (Check.DECRYPTION, "One of Plinto's keys opens what is encrypted."),
    (Check.ISSUER, "Response and assertion name the provider of this connection as issuer."),
    (Check.DESTINATION, "The response was sent to this connection's address."),
    (Check.CONFIRMATION, "It names one person, and lets in whoever brings it."),
    (Check.IN_RESPONSE_TO, "It answers the request of this very sign-in."),
    (Check.AUDIENCE, "The assertion is meant for this connection, by each of its restrictions."),
    (Check.RECIPIENT, "The confirmation names this connection's address as recipient."),
    (Check.AGE, "Response and assertion were made within the last ten minutes."),
    (Check.VALIDITY, "Assertion and confirmation are valid now."),
    (Check.AUTHENTICATION, "The person proved themselves at the provider as lately as is asked."),
    (Check.SUBJECT, "It says who came, once, by a lasting name that is plain text."),
    (Check.ATTRIBUTES, "What it tells of the person is plain text of bounded length."),
    (Check.LIBRARY, "python3-saml, asked with all its strict settings, agrees."),
)


def refused(check: Check, detail: str, *, word: Word = Word.NOT_TRUSTED) -> Refused:
    """Make the refusal of a check; ``detail`` says in plain words what was wrong."""
    return Refused(f"{check}: {detail}", word=word)


def quoted(value: str | None) -> str:
    """
    Name what stood in a document in a detail for the trail.

    Whoever forges a document writes it, so only what looks like an address of the web or a word
    comes through: no mail address, which the trail keeps sealed, and nothing to inject.
    """
    if value is None:
        return "nothing"
    return f"«{value}»" if _PLAIN.fullmatch(value) else "something unreadable"
