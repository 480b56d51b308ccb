"""The two permissions that need no account; apps add theirs above."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    # REST framework imports this module while it imports its views.
    from rest_framework.views import APIView


class Nobody(BasePermission):
    """The default: a view that does not say who may come in lets nobody in."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002
        return False


class Anyone(BasePermission):
    """A door that is open on purpose."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002
        return True
