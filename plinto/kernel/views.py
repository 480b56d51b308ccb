"""REST framework's view, with what is the same for every request made once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from rest_framework import views
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from plinto.kernel.answers import say


class APIView(views.APIView):
    """
    The base of every view.

    Parsers, authenticators, permissions, throttles and renderers are made once for a class, so
    they must keep nothing of a request; REST framework makes each of them anew every time.
    """

    def get_renderers(self) -> list[BaseRenderer]:
        return _made(self.renderer_classes)

    def get_parsers(self) -> list[BaseParser]:
        return _made(self.parser_classes)

    def get_authenticators(self) -> list[BaseAuthentication]:
        return _made(self.authentication_classes)

    def get_permissions(self) -> Sequence[Any]:
        return _made(self.permission_classes)

    def get_throttles(self) -> list[BaseThrottle]:
        return _made(self.throttle_classes)

    def get_content_negotiator(self) -> BaseContentNegotiation:
        kind = self.content_negotiation_class
        held = _negotiators.get(kind)
        if held is None:
            held = _negotiators[kind] = kind()
        return held

    @property
    def default_response_headers(self) -> dict[str, str]:
        """What a class does not always say; ``finalize_response`` puts on the rest."""
        return {"Vary": "Accept"} if len(self.renderer_classes) > 1 else {}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        # By these a view holds itself, and with it all of the request, until the collector of
        # cycles finds them. What is rendered later still needs the second.
        vars(self).pop("head", None)
        if not isinstance(response, Response):
            self.request.parser_context.clear()
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        allowed = _allowed.get(type(self))
        if allowed is None:
            # Asked of a view and not of its class: Django gives each that has GET its HEAD.
            allowed = _allowed[type(self)] = ", ".join(self.allowed_methods)
        say(answer, "Allow", allowed)
        return answer


_negotiators: dict[type[BaseContentNegotiation], BaseContentNegotiation] = {}
_allowed: dict[type[APIView], str] = {}
_kept: dict[int, tuple[Any, list[Any]]] = {}


def _made(classes: Sequence[Any]) -> list[Any]:
    """Make one of each; the sequence is kept with them, so that its identity stays its own."""
    held = _kept.get(id(classes))
    if held is None or held[0] is not classes:
        held = _kept[id(classes)] = (classes, [each() for each in classes])
    return held[1]
