"""What the service says of itself (RFC 7643, sections 5 to 7; RFC 7644, section 4)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    ETag,
    Filter,
    Meta,
    Patch,
    Resource,
    ResourceType,
    ServiceProviderConfig,
    Sort,
    User,
)

from sso.scim.errors import PREFIX
from sso.scim.kinds import EnterpriseUser, Group
from sso.scim.reading import MOST


def _at(path: str, kind: str) -> Meta:
    return Meta(resource_type=kind, location=f"{settings.PUBLIC_URL}{PREFIX}/{path}")


def _shown(resource: Resource[Any]) -> dict[str, Any]:
    shown: dict[str, Any] = resource.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    return shown


def service() -> dict[str, Any]:
    """Say what is supported."""
    return _shown(
        ServiceProviderConfig(
            patch=Patch(supported=True),
            bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
            filter=Filter(supported=True, max_results=MOST),
            change_password=ChangePassword(supported=False),
            sort=Sort(supported=False),
            etag=ETag(supported=True),
            authentication_schemes=[
                AuthenticationScheme(
                    type=AuthenticationScheme.Type.oauthbearertoken,
                    name="Bearer token",
                    description="The SCIM token of the organization.",
                    primary=True,
                )
            ],
            meta=_at("ServiceProviderConfig", "ServiceProviderConfig"),
        )
    )


def resource_types() -> dict[str, dict[str, Any]]:
    """Describe the kinds of resources, by their names."""
    extension = {"schema": str(EnterpriseUser.__schema__), "required": False}
    return {
        model.__name__: _shown(
            ResourceType.model_validate(
                {
                    "id": model.__name__,
                    "name": model.__name__,
                    "endpoint": f"/{model.__name__}s",
                    "schema": str(model.__schema__),
                    **({"schemaExtensions": extensions} if extensions else {}),
                    "meta": _at(f"ResourceTypes/{model.__name__}", "ResourceType"),
                }
            )
        )
        for model, extensions in ((User, [extension]), (Group, []))
    }


def schemas() -> dict[str, dict[str, Any]]:
    """Describe the attributes, by the names of their schemas."""
    found = {}
    for model in (User, Group, EnterpriseUser):
        schema = model.to_schema()
        schema.meta = _at(f"Schemas/{schema.id}", "Schema")
        found[str(schema.id)] = _shown(schema)
    return found
