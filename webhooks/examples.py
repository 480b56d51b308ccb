"""Webhooks as the OpenAPI document shows them."""

from __future__ import annotations

from accounts.api_key_errors import InsufficientScope
from accounts.examples.organizations import IN_AN_ORGANIZATION, ORGANIZATION_ID
from accounts.examples.values import EARLIER, LATER, NOW, page
from accounts.rules.permissions import READ_WEBHOOKS, WRITE_WEBHOOKS
from plinto.kernel.examples import Operation, Several, Subject
from plinto.kernel.exceptions import ConflictError
from webhooks.errors import DeliveryUnderWay, EndpointChanged, EndpointPaused

_ENDPOINT_ID = "01a20653-1f4a-7c90-8a3d-9b7e5d2c4f16"
_DELIVERY_ID = "01a20654-6e2b-7f18-b0c5-4d1a8e7f3b92"
_URL = "https://hooks.example.com/plinto"
_SECRET = "whsec_Zm9yIHRoZSBkb2N1bWVudGF0aW9uIG9ubHksIG5vIGtleQ=="  # noqa: S105 - of nobody
_EVENTS = ["invitation.accepted", "member.*"]
_ENDPOINT = {
    "id": _ENDPOINT_ID,
    "url": _URL,
    "description": "Keeps the directory of the library up to date",
    "events": _EVENTS,
    "state": "active",
    "paused_at": None,
    "paused_because": None,
    "failing_since": None,
    "created_at": EARLIER,
    "rotated_at": None,
    "former_ends_at": None,
}
_TRY = {
    "started_at": NOW,
    "milliseconds": 84,
    "status": 500,
    "error": "",
    "body": "Internal Server Error",
}
_FAILED = {
    "id": _DELIVERY_ID,
    "event_id": "01a20652-7b1c-7e44-9d05-2f3a6c8e1b70",
    "type": "member.updated",
    "state": "failed",
    "tries": 10,
    "created_at": EARLIER,
    "next_at": None,
    "latest": [_TRY],
}
_PENDING = {**_FAILED, "state": "pending", "tries": 0, "next_at": NOW}
_TESTED = {**_PENDING, "type": "webhook.test", "latest": []}
_BOTH: list[dict[str, list[str]]] = [{"access_token": []}, {"api_key": []}]
_NO_SCOPE = (InsufficientScope(WRITE_WEBHOOKS),)

SUBJECT = Subject(
    name="Webhooks",
    description="Addresses that are told what happens in an organization, and what was sent to "
    "them. For members who hold `webhooks:read` or `webhooks:write`, and for API keys with that "
    "scope.",
    parameters={
        "organization_id": ORGANIZATION_ID,
        "endpoint_id": _ENDPOINT_ID,
        "delivery_id": _DELIVERY_ID,
    },
    refusals=IN_AN_ORGANIZATION,
    operations={
        "list_endpoints": Operation(
            summary="List the endpoints",
            answer=page(_ENDPOINT),
            refusals=(InsufficientScope(READ_WEBHOOKS),),
            security=_BOTH,
        ),
        "create_endpoint": Operation(
            summary="Make an endpoint",
            body={"url": _URL, "events": _EVENTS, "description": _ENDPOINT["description"]},
            answer={**_ENDPOINT, "secret": _SECRET},
            refusals=(*_NO_SCOPE, ConflictError("There are 20 endpoints already.")),
            security=_BOTH,
        ),
        "get_endpoint": Operation(
            summary="Show an endpoint",
            answer=_ENDPOINT,
            refusals=(InsufficientScope(READ_WEBHOOKS),),
            security=_BOTH,
        ),
        "update_endpoint": Operation(
            summary="Change or pause an endpoint",
            body=Several(
                {
                    "told of something else": {"events": ["*"]},
                    "paused by hand": {"state": "paused"},
                }
            ),
            answer=_ENDPOINT,
            refusals=_NO_SCOPE,
            security=_BOTH,
        ),
        "delete_endpoint": Operation(
            summary="Delete an endpoint", refusals=_NO_SCOPE, security=_BOTH
        ),
        "enable_endpoint": Operation(
            summary="Let a paused endpoint go on",
            answer=_ENDPOINT,
            refusals=_NO_SCOPE,
            security=_BOTH,
        ),
        "rotate_endpoint_secret": Operation(
            summary="Give an endpoint a new secret",
            answer={**_ENDPOINT, "rotated_at": NOW, "former_ends_at": LATER, "secret": _SECRET},
            refusals=(*_NO_SCOPE, EndpointChanged()),
            security=_BOTH,
        ),
        "send_test_event": Operation(
            summary="Send a test message",
            answer=_TESTED,
            refusals=(*_NO_SCOPE, EndpointPaused()),
            security=_BOTH,
        ),
        "list_deliveries": Operation(
            summary="List what was sent to an endpoint",
            answer=page(_FAILED),
            refusals=(InsufficientScope(READ_WEBHOOKS),),
            security=_BOTH,
        ),
        "redeliver": Operation(
            summary="Send a delivery once more",
            answer=_PENDING,
            refusals=(*_NO_SCOPE, DeliveryUnderWay(), EndpointPaused()),
            security=_BOTH,
        ),
        "redeliver_failed": Operation(
            summary="Send everything that was given up once more",
            body={"since": EARLIER},
            answer={"deliveries": 112, "has_more": False},
            refusals=(*_NO_SCOPE, EndpointPaused()),
            security=_BOTH,
        ),
    },
)
