"""Signing in with a passkey, and a person's own passkeys."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import ProvedLately, SignedIn, signed_in
from accounts.serializers import answers, passkey_answers, passkey_bodies
from accounts.services import passkey_sign_in, passkeys
from plinto.kernel import origin, pages
from plinto.kernel.even import evenly
from plinto.kernel.permissions import Anyone
from plinto.kernel.schema import BODY, errors
from plinto.kernel.views import APIView


class LoginOptionsView(APIView):
    """POST /api/v1/auth/login/passkey/options"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "login"

    @extend_schema(
        operation_id="login_passkey_options",
        request=passkey_bodies.PasskeyLoginOptionsBody,
        responses={200: passkey_answers.RequestOptionsAnswer, **errors(*BODY, 401)},
    )
    def post(self, request: Request) -> Response:
        body = passkey_bodies.PasskeyLoginOptionsBody.read(request)
        token = body.get("mfa_token", "")
        return Response(passkey_sign_in.options(token, now=timezone.now()))


class PasskeyLoginView(APIView):
    """POST /api/v1/auth/login/passkey"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "login"

    @extend_schema(
        operation_id="login_passkey",
        request=passkey_bodies.PasskeyLoginBody,
        responses={200: answers.SignedInAnswer, **errors(*BODY, 401, 403)},
    )
    @evenly
    def post(self, request: Request) -> Response:
        body = passkey_bodies.PasskeyLoginBody.read(request)
        entry = passkey_sign_in.with_passkey(
            body["passkey"], origin=origin.of(request), now=timezone.now()
        )
        return Response(answers.signed_in(entry))


class PasskeyOptionsView(APIView):
    """POST /api/v1/me/passkeys/options"""

    # The service wants a late proof for a new passkey; proving oneself with one is for whoever
    # has none.
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="passkey_options",
        request=passkey_bodies.PasskeyOptionsBody,
        responses={
            200: PolymorphicProxySerializer(
                "PasskeyOptionsAnswer",
                [passkey_answers.CreationOptionsAnswer, passkey_answers.RequestOptionsAnswer],
                resource_type_field_name=None,
            ),
            **errors(*BODY, 401, 403, 409),
        },
    )
    def post(self, request: Request) -> Response:
        body = passkey_bodies.PasskeyOptionsBody.read(request)
        return Response(passkeys.options(signed_in(request), body["purpose"], now=timezone.now()))


class PasskeysView(APIView):
    """GET, POST /api/v1/me/passkeys"""

    permission_classes = [SignedIn]

    def get_permissions(self) -> list[SignedIn]:
        is_change = self.request.method == "POST"
        return [ProvedLately() if is_change else SignedIn()]

    @extend_schema(
        operation_id="list_passkeys",
        parameters=[
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 100, default 25."),
            OpenApiParameter("cursor", OpenApiTypes.STR, description="`next` of a former page."),
        ],
        responses={200: passkey_answers.PasskeyPageAnswer, **errors(401, 422)},
    )
    def get(self, request: Request) -> Response:
        wanted = pages.requested(request.query_params)
        page = passkeys.of_user(signed_in(request).user_id, wanted=wanted)
        results = [passkey_answers.passkey(row) for row in page.rows]
        return Response({"results": results, "next": page.next})

    @extend_schema(
        operation_id="add_passkey",
        request=passkey_bodies.PasskeyAddBody,
        responses={201: passkey_answers.PasskeyAddedAnswer, **errors(*BODY, 401, 403, 409)},
    )
    def post(self, request: Request) -> Response:
        body = passkey_bodies.PasskeyAddBody.read(request)
        added = passkeys.add(
            signed_in(request),
            body["passkey"],
            name=body["name"],
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(passkey_answers.added(added), status=201)


class PasskeyView(APIView):
    """PATCH, DELETE /api/v1/me/passkeys/{id}"""

    permission_classes = [ProvedLately]

    @extend_schema(
        operation_id="rename_passkey",
        request=passkey_bodies.PasskeyNameBody,
        responses={200: passkey_answers.PasskeyAnswer, **errors(*BODY, 401, 403, 404)},
    )
    def patch(self, request: Request, passkey_id: UUID) -> Response:
        body = passkey_bodies.PasskeyNameBody.read(request)
        renamed = passkeys.rename(
            signed_in(request),
            passkey_id,
            name=body["name"],
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(passkey_answers.passkey(renamed))

    @extend_schema(operation_id="remove_passkey", responses={204: None, **errors(401, 403, 404)})
    def delete(self, request: Request, passkey_id: UUID) -> Response:
        passkeys.remove(
            signed_in(request), passkey_id, origin=origin.of(request), now=timezone.now()
        )
        return Response(status=204)
