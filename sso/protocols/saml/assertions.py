"""A response to a sign-in, from a form value to who came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from sso.facts import Arrival, IdentityProvider, Policy, ServiceProvider, Word
from sso.protocols.saml import (
    attributes,
    conditions,
    contexts,
    documents,
    library,
    precheck,
    signatures,
    subjects,
)
from sso.protocols.saml.checks import Check, quoted, refused
from sso.protocols.saml.conditions import Expected
from sso.protocols.saml.names import SUCCESS, saml, samlp

_RESPONSE_SIGNATURE = "/samlp:Response/ds:Signature"
_ASSERTION_SIGNATURE = "/samlp:Response/saml:Assertion/ds:Signature"


@dataclass(frozen=True, slots=True)
class Verified:
    """
    An assertion that may be consumed.

    After ``usable_until`` it would be refused for its age, so its id need not be kept longer.
    ``in_response_to`` is the request it answers, None when nobody asked.
    """

    arrival: Arrival
    assertion_id: str
    usable_until: datetime
    in_response_to: str | None


@dataclass(frozen=True, slots=True)
class _Opened:
    """A response whose signatures hold; ``assertion`` is of ``tree``, where it was decrypted."""

    root: etree._Element
    tree: etree._Element | None
    assertion: etree._Element
    signed: frozenset[str]


def verified(
    form_value: str,
    *,
    sp: ServiceProvider,
    idp: IdentityProvider,
    policy: Policy,
    request_id: str | None,
    now: datetime,
) -> Verified:
    """
    Verify ``SAMLResponse`` as it was posted, and say who came.

    ``request_id`` is that of the sign-in which the browser's RelayState names, None for none.
    Whether the assertion was used before is for the caller to see to, by ``assertion_id``.

    :raises Refused: any check of ``checks.CHECKS`` failed; the reason begins with its name
    """
    expected = Expected(sp=sp, idp=idp, policy=policy, request_id=request_id, now=now)
    with library.foreign_errors(Check.DOCUMENT):
        root = documents.parsed(documents.decoded(form_value), bounds=documents.MESSAGE)
        _judge_shape(root, policy=policy)
        response = _opened(root, expected=expected)
        found = _read(response, expected=expected)
        library.judge_response(
            root,
            opened=response.tree,
            sp=sp,
            idp=idp,
            signed=response.signed,
            request_id=request_id,
        )
    return found


def _judge_shape(root: etree._Element, *, policy: Policy) -> None:
    """Judge what the response is, before anything of it is believed."""
    _judge_schema(root)
    _judge_status(root)
    # Anywhere in the tree, not only where one belongs: a second one is what wrapping needs.
    plain, encrypted = (list(root.iter(saml(name))) for name in ("Assertion", "EncryptedAssertion"))
    if len(plain) + len(encrypted) != 1 or (*plain, *encrypted)[0].getparent() is not root:
        raise refused(Check.ASSERTIONS, "not exactly one")
    if policy.wants_encrypted and not encrypted:
        raise refused(Check.ASSERTIONS, "not encrypted, as this connection wants it")


def _judge_schema(root: etree._Element) -> None:
    if root.tag != samlp("Response") or not library.judge_schema(root):
        raise refused(Check.RESPONSE, "does not fit the schema")
    if any(part.get("Version") != "2.0" for part in (root, *root.iter(saml("Assertion")))):
        raise refused(Check.RESPONSE, "of another version than SAML 2.0")


def _judge_status(root: etree._Element) -> None:
    code = root.find(f"{samlp('Status')}/{samlp('StatusCode')}")
    value = None if code is None else code.get("Value")
    if code is None or value == SUCCESS:
        return
    inner = code.find(samlp("StatusCode"))
    told = quoted(inner.get("Value") if inner is not None else value)
    raise refused(Check.STATUS, f"the provider says {told}", word=Word.DENIED)


def _opened(root: etree._Element, *, expected: Expected) -> _Opened:
    """Judge the form of ciphers and signatures, verify signatures, and decrypt in between."""
    wrapper = root.find(saml("EncryptedAssertion"))
    is_malleable = wrapper is not None and precheck.judge_encrypted(wrapper)
    precheck.judge_nothing_encrypted(root, but=wrapper)
    assertion = root.find(saml("Assertion"))
    precheck.judge_places(root, wearers=[root] if assertion is None else [root, assertion])
    signed = set()
    if precheck.signature_of(root) is not None:
        signatures.verify(root, _RESPONSE_SIGNATURE, idp=expected.idp, now=expected.now)
        signed.add(str(root.tag))
    elif is_malleable:
        raise refused(Check.ENCRYPTION, "AES-CBC, without a signature of the response")
    tree = None
    if assertion is None:
        tree = library.opened(root, saml("EncryptedAssertion"), keys=expected.sp.keys)
        assertion = _decrypted(tree)
    if precheck.signature_of(assertion) is not None:
        path, home = _ASSERTION_SIGNATURE, root if tree is None else tree
        signatures.verify(home, path, idp=expected.idp, now=expected.now)
        signed.add(str(assertion.tag))
    if not signed:
        raise refused(Check.SIGNATURE, "neither the response nor the assertion is signed")
    return _Opened(root=root, tree=tree, assertion=assertion, signed=frozenset(signed))


def _decrypted(tree: etree._Element) -> etree._Element:
    """Judge again, as if it had come openly, what stood encrypted."""
    assertion = tree.find(saml("Assertion"))
    if assertion is None or len(list(tree.iter(saml("Assertion")))) != 1:
        raise refused(Check.ASSERTIONS, "not exactly one")
    precheck.judge_nothing_encrypted(tree)
    precheck.judge_places(tree, wearers=[tree, assertion])
    _judge_schema(tree)
    return assertion


def _read(response: _Opened, *, expected: Expected) -> Verified:
    """Read the assertion, whose signature holds, and judge what it says."""
    root, assertion = response.root, response.assertion
    sp, now, skew = expected.sp, expected.now, expected.skew
    for element in (root, assertion):
        conditions.judge_issuer(element, expected=expected.idp.entity_id)
    conditions.judge_destination(root, expected=sp.acs_url)
    subject = _only(assertion, "Subject", check=Check.CONFIRMATION)
    confirmation = conditions.confirmation_of(subject)
    conditions.judge_request(root, confirmation, expected=expected)
    limits = _only(assertion, "Conditions", check=Check.AUDIENCE)
    conditions.judge_audience(limits, expected=sp.entity_id)
    conditions.judge_recipient(confirmation, expected=sp.acs_url)
    made_at = min(
        conditions.judge_age(element, now=now, skew=skew) for element in (root, assertion)
    )
    ends_at = min(
        conditions.judge_validity(limited, now=now, skew=skew) for limited in (limits, confirmation)
    )
    statement = _only(assertion, "AuthnStatement", check=Check.AUTHENTICATION)
    proved_at = conditions.authenticated_at(statement, expected=expected)
    return Verified(
        arrival=_arrival(assertion, subject, statement, proved_at=proved_at, expected=expected),
        assertion_id=assertion.get("ID", ""),
        usable_until=conditions.usable_until(made_at=made_at, ends_at=ends_at),
        in_response_to=confirmation.get("InResponseTo"),
    )


def _arrival(
    assertion: etree._Element,
    subject: etree._Element,
    statement: etree._Element,
    *,
    proved_at: datetime,
    expected: Expected,
) -> Arrival:
    name = subjects.name_id(subject, sp_entity_id=expected.sp.entity_id)
    told = attributes.told(assertion)
    classes = [node.text or "" for node in statement.iter(saml("AuthnContextClassRef"))]
    return Arrival(
        subject=_known_by(name, told, attribute=expected.policy.subject_attribute),
        attributes=told,
        methods=contexts.methods([*classes, *told.get(contexts.METHODS_ATTRIBUTE, ())]),
        authenticated_at=proved_at,
        session_index=subjects.session_index(statement.get("SessionIndex")),
        hint=name.hint(),
    )


def _known_by(name: subjects.NameID, told: Mapping[str, tuple[str, ...]], *, attribute: str) -> str:
    """Return what a person is known by: the NameID, or the one value of the attribute instead."""
    if attribute:
        values = told.get(attribute, ())
        if len(values) != 1:
            raise refused(Check.SUBJECT, f"not exactly one value of {quoted(attribute)}")
        return subjects.lasting(values[0])
    if name.is_transient:
        raise refused(Check.SUBJECT, "NameID is transient, so nobody would be known again")
    return name.value


def _only(parent: etree._Element, local: str, *, check: Check) -> etree._Element:
    found = parent.findall(saml(local))
    if len(found) != 1:
        raise refused(check, f"not exactly one {local}")
    return found[0]
