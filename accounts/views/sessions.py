"""A person's own sessions."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import SignedIn, signed_in
from accounts.serializers import answers
from accounts.services import own_sessions
from plinto.kernel import origin, pages
from plinto.kernel.schema import PAGE, errors
from plinto.kernel.views import APIView


class SessionsView(APIView):
    """GET, DELETE /api/v1/sessions"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="list_sessions",
        parameters=PAGE,
        responses={200: answers.SessionPageAnswer, **errors(401, 422)},
    )
    def get(self, request: Request) -> Response:
        who = signed_in(request)
        page = own_sessions.of_user(
            who.user_id, wanted=pages.requested(request.query_params), now=timezone.now()
        )
        results = [answers.session(row, current=who.session_id) for row in page.rows]
        return Response({"results": results, "next": page.next})

    @extend_schema(operation_id="end_other_sessions", responses={204: None, **errors(401)})
    def delete(self, request: Request) -> Response:
        who = signed_in(request)
        own_sessions.end_own(
            who.user_id,
            reason="ended from another session",
            actor=who.actor,
            origin=origin.of(request),
            now=timezone.now(),
            keep=who.session_id,
        )
        return Response(status=204)


class SessionView(APIView):
    """DELETE /api/v1/sessions/{id}"""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="end_session", responses={204: None, **errors(401, 404)})
    def delete(self, request: Request, session_id: UUID) -> Response:
        who = signed_in(request)
        own_sessions.end_one(
            who.user_id,
            session_id=session_id,
            actor=who.actor,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(status=204)
