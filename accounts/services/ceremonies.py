"""
What browsers and authenticators are asked for, and whether what comes back is genuine.

The only module that speaks to the WebAuthn library. It judges bytes and knows no rows: whose key
it is, and whether its challenge was given out and not used, is for its callers to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from django.conf import settings
from webauthn import helpers
from webauthn.helpers import structs
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException

from accounts.errors import InvalidCode
from accounts.models import Passkey, User

TIMEOUT_MS = 300_000
# Web Authentication Level 3, section 5.4, names EdDSA, ES256 and RS256 as those to offer.
_ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_LONGEST_KEY = 1100  # RSA of 8192 bits; a longer one would make every sign-in dear
_LONGEST_ID = 1023  # Web Authentication Level 3, section 4
# The library lets some of these through on bytes that no authenticator makes.
_MALFORMED = (WebAuthnException, ValueError, TypeError, LookupError, AttributeError, OverflowError)
# Answers about keys of nobody are verified too, so that time does not tell which keys there are:
# the base point of P-256 as a COSE_Key of ES256.
_KEY_OF_NOBODY = bytes.fromhex(
    "a5010203262001215820"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "225820"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


@dataclass(frozen=True, slots=True)
class Attestation:
    """What ``navigator.credentials.create()`` answered, as the browser spells it in JSON."""

    credential: dict[str, Any] = field(repr=False)

    @property
    def challenge(self) -> str:
        return _challenge_in(self.credential)

    @property
    def transports(self) -> list[str]:
        named: list[str] = self.credential["response"].get("transports") or []
        return named


@dataclass(frozen=True, slots=True)
class Assertion:
    """What ``navigator.credentials.get()`` answered, as the browser spells it in JSON."""

    credential: dict[str, Any] = field(repr=False)

    @property
    def credential_id(self) -> bytes:
        return helpers.base64url_to_bytes(self.credential["rawId"])

    @property
    def challenge(self) -> str:
        return _challenge_in(self.credential)

    @property
    def user_handle(self) -> bytes | None:
        handle = self.credential["response"].get("userHandle")
        return helpers.base64url_to_bytes(handle) if handle else None


@dataclass(frozen=True, slots=True)
class Made:
    """A key pair that an authenticator has made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: UUID
    is_backup_eligible: bool
    is_backed_up: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A signature that an authenticator has made, and what it said of itself with it."""

    sign_count: int
    is_backup_eligible: bool
    is_backed_up: bool


def creation_options(person: User, held: Iterable[Passkey], *, challenge: str) -> dict[str, Any]:
    """Ask for a key that finds its person by itself, from an authenticator without one yet."""
    options = webauthn.generate_registration_options(
        rp_id=settings.PASSKEY_RP_ID,
        rp_name=urlsplit(settings.PUBLIC_URL).hostname or "Plinto",
        user_id=person.pk.bytes,
        user_name=person.email,
        user_display_name=person.name or person.email,
        challenge=helpers.base64url_to_bytes(challenge),
        timeout=TIMEOUT_MS,
        attestation=structs.AttestationConveyancePreference.NONE,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[_descriptor(passkey) for passkey in held],
        supported_pub_key_algs=_ALGORITHMS,
    )
    return helpers.options_to_json_dict(options)


def request_options(held: Iterable[Passkey], *, challenge: str) -> dict[str, Any]:
    """Ask for a signature of one of these keys; of none, for whichever the person picks."""
    options = webauthn.generate_authentication_options(
        rp_id=settings.PASSKEY_RP_ID,
        challenge=helpers.base64url_to_bytes(challenge),
        timeout=TIMEOUT_MS,
        allow_credentials=[_descriptor(passkey) for passkey in held],
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return helpers.options_to_json_dict(options)


def made(attestation: Attestation) -> Made:
    """
    Judge a new key by section 7.1 of Web Authentication Level 3.

    Nobody asks who made the authenticator, so what it says of that is dropped unread: no
    certificate that a stranger chose is ever parsed.

    :raises InvalidCode: it is not genuine, was not verified by its person, or is no key of ours
    """
    response = attestation.credential["response"]
    try:
        sent = helpers.parse_cbor(helpers.base64url_to_bytes(response["attestationObject"]))
        plain = {"fmt": "none", "attStmt": {}, "authData": sent["authData"]}
        spelt = helpers.bytes_to_base64url(helpers.encode_cbor(plain))
        own = {"clientDataJSON": response["clientDataJSON"], "attestationObject": spelt}
        found = webauthn.verify_registration_response(
            credential={**attestation.credential, "response": own},
            expected_challenge=helpers.base64url_to_bytes(attestation.challenge),
            expected_origin=settings.PASSKEY_ORIGINS,
            expected_rp_id=settings.PASSKEY_RP_ID,
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
        # A point beside the curve would only show when somebody signs in.
        helpers.decoded_public_key_to_cryptography(
            helpers.decode_credential_public_key(found.credential_public_key)
        )
    except _MALFORMED as error:
        raise InvalidCode(reason="no genuine passkey") from error
    is_named = helpers.bytes_to_base64url(found.credential_id) == attestation.credential["id"]
    is_short = len(found.credential_public_key) <= _LONGEST_KEY
    if not (is_named and is_short and len(found.credential_id) <= _LONGEST_ID):
        raise InvalidCode(reason="no genuine passkey")
    return Made(
        credential_id=found.credential_id,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        aaguid=UUID(found.aaguid),
        is_backup_eligible=_is_eligible(found.credential_device_type),
        is_backed_up=found.credential_backed_up,
    )


def shown(assertion: Assertion, public_key: bytes | None) -> Shown:
    """
    Judge a signature by section 7.2 of Web Authentication Level 3, but for its count.

    The count is for the caller: it means something only once the signature is known to be good.
    Without a key the same work is done, and is refused.

    :raises InvalidCode: it is not genuine, or was not verified by its person
    """
    try:
        found = webauthn.verify_authentication_response(
            credential=assertion.credential,
            expected_challenge=helpers.base64url_to_bytes(assertion.challenge),
            expected_origin=settings.PASSKEY_ORIGINS,
            expected_rp_id=settings.PASSKEY_RP_ID,
            credential_public_key=public_key or _KEY_OF_NOBODY,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _MALFORMED as error:
        raise InvalidCode(reason="wrong passkey") from error
    if public_key is None:
        raise InvalidCode(reason="wrong passkey")
    return Shown(
        sign_count=found.new_sign_count,
        is_backup_eligible=_is_eligible(found.credential_device_type),
        is_backed_up=found.credential_backed_up,
    )


def _challenge_in(credential: dict[str, Any]) -> str:
    """
    Return the challenge that was signed, or nothing where there is none or a frame asked.

    A page of another origin that frames ours could have people sign what they do not see (Web
    Authentication Level 3, section 7.2, step 14).
    """
    spelt = credential["response"]["clientDataJSON"]
    try:
        client = json.loads(helpers.base64url_to_bytes(spelt))
    except (ValueError, RecursionError):
        return ""
    if not isinstance(client, dict) or client.get("crossOrigin") or "topOrigin" in client:
        return ""
    challenge = client.get("challenge")
    return challenge if isinstance(challenge, str) and len(challenge) == 43 else ""


def _is_eligible(kind: structs.CredentialDeviceType) -> bool:
    return kind is structs.CredentialDeviceType.MULTI_DEVICE


def _descriptor(passkey: Passkey) -> structs.PublicKeyCredentialDescriptor:
    known = {each.value: each for each in structs.AuthenticatorTransport}
    return structs.PublicKeyCredentialDescriptor(
        id=bytes(passkey.credential_id),
        transports=[known[name] for name in passkey.transports if name in known],
    )
