"""An organization's trail as the OpenAPI document shows it."""

from __future__ import annotations

from typing import Any

from accounts.api_key_errors import InsufficientScope
from accounts.examples.organizations import IN_AN_ORGANIZATION, ORGANIZATION_ID
from accounts.examples.values import EARLIER, EMAIL, LATER, NOW, SESSION, SESSION_ID, USER_ID, page
from accounts.rules.permissions import READ_AUDIT
from audit.errors import NotSignedYet, TrailDamaged
from audit.export_errors import TrailExportWaiting
from plinto.kernel.examples import Operation, Several, Subject

_ROW_ID = "01a20652-7b1c-7e44-9d05-2f3a6c8e1b70"
_ROW: dict[str, Any] = {
    "id": _ROW_ID,
    "occurred_at": NOW,
    "action": "organization.created",
    "outcome": "success",
    "reason": "",
    "actor": {"kind": "user", "id": USER_ID, "label": EMAIL},
    "target": {"kind": "organization", "id": ORGANIZATION_ID, "label": "Analytical Engines"},
    "changes": {},
    "address": "203.0.113.7",
    "agent": SESSION["agent"],
    "session_id": SESSION_ID,
    "request_id": "01930f6e-8d2b-7c31-9a54-4f0c8e6b7a10",
    "sealed": {
        "sequence": 1,
        "hash": "5b0f6bd1f5c4a2d37c9d1e0b8a64f3c2d19be7a05f4c83d6e2a7b190c8d5f4e3",
        "sealed_at": NOW,
    },
}
_HASH, _ROOT = (
    _ROW["sealed"]["hash"],
    "9d1e0b8a64f3c2d19be7a05f4c83d6e2a7b190c8d5f4e35b0f6bd1f5c4a2d37c",
)
_PROOF = {
    "event": {
        "id": _ROW_ID,
        "occurred_at": "2026-02-03T09:15:00.000000+00:00",
        "action": "organization.created",
        "outcome": "success",
        "reason": "",
        "actor_kind": "user",
        "actor_id": USER_ID,
        "target_kind": "organization",
        "target_id": ORGANIZATION_ID,
        "organization_id": ORGANIZATION_ID,
        "session_id": SESSION_ID,
        "request_id": _ROW["request_id"],
        "personal": {"actor": "AVvTz0b…"},
        "personal_key_id": None,
        "changes": {},
    },
    "chain": ORGANIZATION_ID,
    "sequence": 1,
    "previous_hash": "0" * 64,
    "hash": _HASH,
    "inclusion": {"index": 0, "size": 1, "path": []},
    "checkpoint": {
        "statement": {
            "statement": "checkpoint",
            "chain": ORGANIZATION_ID,
            "number": 1,
            "first": 1,
            "last": 1,
            "head_hash": _HASH,
            "merkle_root": _ROOT,
            "previous": "0" * 64,
            "signed_at": "2026-02-03T09:15:00.412000+00:00",
            "kid": "3f9a1c07d2b84e65",
        },
        "signature": "8c0e…",
    },
    "key": {
        "kty": "OKP",
        "crv": "Ed25519",
        "use": "sig",
        "alg": "EdDSA",
        "kid": "3f9a1c07d2b84e65",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    },
}
_EXPORT_ID = "01a20653-1c9d-7a06-b3f8-5e4d2c7b9a16"
_EXPORT = {
    "id": _EXPORT_ID,
    "status": "pending",
    "requested_at": NOW,
    "format": "jsonl",
    "filters": {},
}
_FILE = """{"statement":"key","jwk":{"kty":"OKP","crv":"Ed25519","kid":"…","x":"…"}}
{"statement":"checkpoint","chain":"…","number":1,"first":1,"last":1,"signature":"…"}
{"statement":"row","chain":"…","sequence":1,"said":{"action":"organization.created"}}
"""
_PEOPLE_AND_KEYS: list[dict[str, list[str]]] = [{"access_token": []}, {"api_key": []}]

SUBJECT = Subject(
    name="Trail",
    description="What happened in an organization, who did it, and the proof that nobody changed "
    "it since. For members who hold `audit:read`, and for API keys with that scope.",
    parameters={
        "organization_id": ORGANIZATION_ID,
        "row_id": _ROW_ID,
        "trail_export_id": _EXPORT_ID,
    },
    refusals=(*IN_AN_ORGANIZATION, InsufficientScope(READ_AUDIT)),
    operations={
        "list_trail": Operation(
            summary="List what happened", answer=page(_ROW), security=_PEOPLE_AND_KEYS
        ),
        "prove_trail_row": Operation(
            summary="Prove that something happened",
            answer=_PROOF,
            refusals=(NotSignedYet(), TrailDamaged()),
            security=_PEOPLE_AND_KEYS,
        ),
        "request_trail_export": Operation(
            summary="Ask for the trail as a file",
            body=Several(
                {
                    "everything, to be verified": {"format": "jsonl"},
                    "refusals of a month, as a table": {
                        "format": "csv",
                        "outcome": "refused",
                        "from": EARLIER,
                        "to": LATER,
                    },
                }
            ),
            answer=_EXPORT,
            refusals=(TrailExportWaiting(),),
            security=_PEOPLE_AND_KEYS,
        ),
        "take_trail_export": Operation(
            summary="Take the trail along",
            answer=_FILE,
            others={202: _EXPORT},
            security=_PEOPLE_AND_KEYS,
        ),
    },
)
