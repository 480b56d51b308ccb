"""Passkeys as the OpenAPI document shows them, and as other subjects take them."""

from __future__ import annotations

from accounts.errors import InvalidCode
from accounts.examples.values import EARLIER, EMAIL, NOW, RECOVERY_CODES
from plinto.kernel.examples import Operation, Several, Subject
from plinto.kernel.exceptions import ConflictError

_PASSKEY_ID = "01a2064c-9f02-7d44-b6c1-7e5a3f1d2b60"
_CREDENTIAL = "mE9o3Zr1u5cXk7wQy2TjVb4NdHf6PsLa8GiRt0OqUxM"
_CHALLENGE = "wq3vT8nC1kZ5yR7mJ2bX9dL4sF6hG0pA_uEiQoKtVxM"
_CLIENT_DATA = (
    "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoid3EzdiIsIm9yaWdpbiI6Imh0dHBzOi8vYXBwIn0"
)
_OUTER = {
    "id": _CREDENTIAL,
    "rawId": _CREDENTIAL,
    "type": "public-key",
    "authenticatorAttachment": "cross-platform",
    "clientExtensionResults": {},
}
ASSERTION = {
    **_OUTER,
    "response": {
        "clientDataJSON": _CLIENT_DATA,
        "authenticatorData": "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ",
        "signature": "MEUCIQDx1vJ7Zk0b3mT5yWqL8nR2cXfA6sHdG9uPjKoE4iBtVwIgYz",
        "userHandle": "AaIGS31Qczacw6WSaB2elQ",
    },
}
_ATTESTATION = {
    **_OUTER,
    "response": {
        "clientDataJSON": _CLIENT_DATA,
        "attestationObject": "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVikSZYN5YgOjGh0NBcPZHZgW4",
        "transports": ["usb"],
    },
}
REQUEST_OPTIONS = {
    "challenge": _CHALLENGE,
    "timeout": 300000,
    "rpId": "example.com",
    "allowCredentials": [],
    "userVerification": "required",
}
_CREATION_OPTIONS = {
    "rp": {"id": "example.com", "name": "example.com"},
    "user": {"id": "AaIGS31Qczacw6WSaB2elQ", "name": EMAIL, "displayName": "Ada Lovelace"},
    "challenge": _CHALLENGE,
    "pubKeyCredParams": [{"type": "public-key", "alg": -8}, {"type": "public-key", "alg": -7}],
    "timeout": 300000,
    "excludeCredentials": [],
    "authenticatorSelection": {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    },
    "attestation": "none",
}
PASSKEY = {
    "id": _PASSKEY_ID,
    "name": "Blue security key",
    "aaguid": "00010203-0405-0607-0809-0a0b0c0d0e0f",
    "transports": ["usb"],
    "backup_eligible": False,
    "backed_up": False,
    "created_at": EARLIER,
    "last_used_at": NOW,
}

SUBJECT = Subject(
    name="Passkeys",
    description="Web Authentication: up to twenty a person. One signs its person in by itself, or "
    "is the second step after a password.",
    parameters={"passkey_id": _PASSKEY_ID},
    operations={
        "list_passkeys": Operation(
            summary="List your passkeys", answer={"results": [PASSKEY], "next": None}
        ),
        "passkey_options": Operation(
            summary="Ask for a challenge to add a passkey, or to prove yourself with one",
            description="For `navigator.credentials.create()` where `purpose` is `register`, "
            "which it is if none is sent; for `.get()` where it is `reauthenticate`.",
            body=Several(
                {"register": {"purpose": "register"}, "prove": {"purpose": "reauthenticate"}}
            ),
            answer=Several({"register": _CREATION_OPTIONS, "prove": REQUEST_OPTIONS}),
            refusals=(ConflictError("You have no passkey."),),
        ),
        "add_passkey": Operation(
            summary="Add a passkey",
            description="`passkey` is what `toJSON()` makes of the credential. With your first "
            "factor come ten recovery codes, shown this once.",
            body={"passkey": _ATTESTATION, "name": "Blue security key"},
            answer=Several(
                {
                    "the first factor": {
                        **PASSKEY,
                        "last_used_at": None,
                        "recovery_codes": RECOVERY_CODES,
                    },
                    "another factor": {**PASSKEY, "last_used_at": None, "recovery_codes": None},
                }
            ),
            refusals=(InvalidCode(), ConflictError("You have 20 passkeys. Remove one first.")),
        ),
        "rename_passkey": Operation(
            summary="Give a passkey another name",
            body={"name": "Blue security key"},
            answer=PASSKEY,
        ),
        "remove_passkey": Operation(
            summary="Remove a passkey", description="It is refused from the next request on."
        ),
    },
)
