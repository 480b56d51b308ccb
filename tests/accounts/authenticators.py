"""An authenticator in software (ES256), and the people who carry one."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.http import HttpResponse
from webauthn.helpers import encode_cbor

from tests.accounts.people import Person, signed_in
from tests.api import Api

PASSKEYS = "/api/v1/me/passkeys"
LOGIN_WITH_PASSKEY = "/api/v1/auth/login/passkey"
ORIGIN = "http://localhost:8000"  # PUBLIC_URL unless it is set
PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
AAGUID = bytes(range(16))
WRONG = (401, "INVALID_CODE", "The code, link or passkey is wrong, was used, or has expired.")


def spelt(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def read(text: str) -> bytes:
    return urlsafe_b64decode(f"{text}==")


@dataclass
class Authenticator:
    """
    One key pair on a security key, or one that is synced where ``flags`` say so.

    ``count`` is that of its last signature; one that keeps none always says zero.
    ``client_data`` and ``cose`` change members of what the browser tells it and of its public key.
    """

    origin: str = ORIGIN
    flags: int = PRESENT | VERIFIED
    count: int = 0
    keeps_count: bool = True
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: bytes = b""
    client_data: dict[str, Any] = field(default_factory=dict)
    cose: dict[int, Any] = field(default_factory=dict)
    secret: int = field(default_factory=lambda: secrets.randbits(255) + 1, repr=False)

    @property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(self.secret, ec.SECP256R1())

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer ``navigator.credentials.create()``."""
        self.user_handle = read(options["user"]["id"])
        length = struct.pack(">H", len(self.credential_id))
        attested = AAGUID + length + self.credential_id + self.public_key()
        data = self._signed_data(options["rp"]["id"], ATTESTED) + attested
        sent = {"fmt": "none", "attStmt": {}, "authData": data}
        client = self._client("webauthn.create", options["challenge"])
        return self._credential(
            clientDataJSON=spelt(client),
            attestationObject=spelt(encode_cbor(sent)),
            transports=["usb"],
        )

    def get(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Answer ``navigator.credentials.get()``; ``changes`` are members of its response."""
        if self.keeps_count:
            self.count += 1
        data = self._signed_data(options["rpId"])
        client = self._client("webauthn.get", options["challenge"])
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": spelt(client),
            "authenticatorData": spelt(data),
            "signature": spelt(signature),
            "userHandle": spelt(self.user_handle),
        }
        return self._credential(**{**response, **changes})

    def _credential(self, **response: Any) -> dict[str, Any]:
        own = spelt(self.credential_id)
        return {
            "id": own,
            "rawId": own,
            "type": "public-key",
            "authenticatorAttachment": "cross-platform",
            "clientExtensionResults": {},
            "response": response,
        }

    def _client(self, kind: str, challenge: str) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps({**told, **self.client_data}).encode()

    def _signed_data(self, rp_id: str, flags: int = 0) -> bytes:
        hashed = hashlib.sha256(rp_id.encode()).digest()
        return hashed + struct.pack(">BI", self.flags | flags, self.count)

    def public_key(self) -> bytes:
        numbers = self._key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y, **self.cose})


def options_to_add(api: Api, person: Person) -> dict[str, Any]:
    answer = api.post(f"{PASSKEYS}/options", {}, token=person.access)
    assert answer.status_code == 200, answer.content
    return answer.json()


def options_to_sign_in(api: Api, **body: Any) -> dict[str, Any]:
    answer = api.post(f"{LOGIN_WITH_PASSKEY}/options", body)
    assert answer.status_code == 200, answer.content
    return answer.json()


def options_to_prove(api: Api, person: Person) -> dict[str, Any]:
    body = {"purpose": "reauthenticate"}
    answer = api.post(f"{PASSKEYS}/options", body, token=person.access)
    assert answer.status_code == 200, answer.content
    return answer.json()


def added(api: Api, person: Person, key: Authenticator, **body: Any) -> HttpResponse:
    """Let somebody who is signed in add a passkey."""
    passkey = key.create(options_to_add(api, person))
    return api.post(PASSKEYS, {"passkey": passkey, **body}, token=person.access)


def holder(api: Api, *, user: Any = None, **key: Any) -> tuple[Person, Authenticator, list[str]]:
    """Somebody who is signed in and has added a passkey, and the recovery codes they got."""
    person, own = signed_in(api, user=user), Authenticator(**key)
    answer = added(api, person, own, name="My key")
    assert answer.status_code == 201, answer.content
    return person, own, answer.json()["recovery_codes"]


def enter(api: Api, passkey: dict[str, Any]) -> HttpResponse:
    """Sign in with what an authenticator answered."""
    return api.post(LOGIN_WITH_PASSKEY, {"passkey": passkey})


def refused(answer: HttpResponse) -> tuple[int, str, str]:
    """What an answer tells whoever was refused; ``WRONG`` for every wrong passkey."""
    body = answer.json()
    return answer.status_code, body["error"], body["message"]
