"""What other services need to verify tokens: keys and issuer metadata."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.services.keys import JWKS_MAX_AGE, ring
from audit.services import checkpoint_keys
from plinto.kernel.permissions import Anyone
from plinto.kernel.views import APIView

_CACHED = {"Cache-Control": f"public, max-age={int(JWKS_MAX_AGE.total_seconds())}"}


class JWKSView(APIView):
    """GET /.well-known/jwks.json (RFC 7517); answered from memory, so also without a database."""

    authentication_classes = []
    permission_classes = [Anyone]

    @extend_schema(operation_id="get_jwks", responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:  # noqa: ARG002
        return Response({"keys": ring.published(timezone.now())}, headers=_CACHED)


class AuditKeysView(APIView):
    """GET /.well-known/audit-jwks.json (RFC 7517)"""

    authentication_classes = []
    permission_classes = [Anyone]

    @extend_schema(operation_id="get_audit_jwks", responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:  # noqa: ARG002
        return Response({"keys": checkpoint_keys.published()}, headers=_CACHED)


class IssuerView(APIView):
    """GET /.well-known/openid-configuration (RFC 8414)"""

    authentication_classes = []
    permission_classes = [Anyone]

    @extend_schema(operation_id="get_issuer_metadata", responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:  # noqa: ARG002
        metadata = {
            "issuer": settings.PUBLIC_URL,
            "jwks_uri": f"{settings.PUBLIC_URL}/.well-known/jwks.json",
            "id_token_signing_alg_values_supported": [settings.JWT_ALGORITHM],
            "subject_types_supported": ["public"],
            "response_types_supported": [],
            "claims_supported": [
                *("sub", "sid", "org", "scope", "iat", "exp", "iss", "aud", "jti"),
                *("amr", "auth_time"),
            ],
        }
        return Response(metadata, headers=_CACHED)
