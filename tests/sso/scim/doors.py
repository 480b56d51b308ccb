"""The doors of SCIM, and of the token that opens them."""

from __future__ import annotations

from typing import Any

from tests.accounts.door import ONE, Door, Least


def _scim(method: str, path: str, body: Any = None) -> Door:
    return Door(method, f"scim/v2/{path}", Least.PROVISIONER, body)


_OPERATIONS = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "add", "path": "externalId", "value": "1"}],
}
SCIM = [
    Door("GET", f"{ONE}/scim/token", Least.ADMIN),
    Door("POST", f"{ONE}/scim/token", Least.ADMIN, is_fresh=True),
    Door("DELETE", f"{ONE}/scim/token", Least.ADMIN, is_fresh=True),
    *(
        _scim("GET", path)
        for path in (
            "ServiceProviderConfig",
            *("ResourceTypes", "ResourceTypes/<str:resource_type>"),
            *("Schemas", "Schemas/<str:scim_schema>"),
        )
    ),
    *(
        _scim(method, f"{kind}{path}", body)
        for kind, one, name in (
            ("Users", "<uuid:resource_id>", "userName"),
            ("Groups", "<uuid:group_id>", "displayName"),
        )
        for method, path, body in (
            ("GET", "", None),
            ("POST", "", {name: "engineers"}),
            ("POST", "/.search", {}),
            ("GET", f"/{one}", None),
            ("PUT", f"/{one}", {name: "engineers"}),
            ("PATCH", f"/{one}", _OPERATIONS),
            ("DELETE", f"/{one}", None),
        )
    ),
    _scim("POST", ".search", {}),
]
