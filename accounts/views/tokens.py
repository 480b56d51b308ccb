"""What programs with an API key ask about tokens, and end; forms as in the RFCs, or JSON."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import ApiKeyAuthentication
from accounts.permissions import KeyHolder, key_of
from accounts.rules import permissions
from accounts.serializers.api_keys import IntrospectionAnswer, TokenBody
from accounts.services import token_introspection, token_revocation
from plinto.kernel import origin
from plinto.kernel.parsers import StrictFormParser, StrictJSONParser
from plinto.kernel.schema import BODY, errors
from plinto.kernel.views import APIView


class IntrospectView(APIView):
    """POST /api/v1/auth/token/introspect"""

    authentication_classes = [ApiKeyAuthentication]
    permission_classes = [KeyHolder]
    parser_classes = [StrictJSONParser, StrictFormParser]
    key_scopes = {"POST": permissions.INTROSPECT_TOKENS}
    limited_as = "introspect"

    @extend_schema(
        operation_id="introspect_token",
        description=(
            "RFC 7662. Needs a key with the scope `tokens:introspect`. Tokens of members of the "
            "key's organization, and keys of it, are described; everything else is inactive."
        ),
        request=TokenBody,
        responses={200: IntrospectionAnswer, **errors(*BODY, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        token = TokenBody.read(request)["token"]
        return Response(token_introspection.introspect(key_of(request), token, now=timezone.now()))


class RevokeView(APIView):
    """POST /api/v1/auth/token/revoke"""

    authentication_classes = [ApiKeyAuthentication]
    permission_classes = [KeyHolder]
    parser_classes = [StrictJSONParser, StrictFormParser]
    # Every key may revoke itself; the service wants the scope for whatever else.
    key_scopes = {"POST": ""}
    limited_as = "introspect"

    @extend_schema(
        operation_id="revoke_token",
        description=(
            "RFC 7009. Needs a key with the scope `tokens:revoke`, unless the token is that key. "
            "A token of a member of the key's organization ends its session; a key of the "
            "organization ends. The answer is the same for a token that is unknown."
        ),
        request=TokenBody,
        responses={200: None, **errors(*BODY, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        token = TokenBody.read(request)["token"]
        token_revocation.revoke(
            key_of(request), token, origin=origin.of(request), now=timezone.now()
        )
        return Response(status=200)
