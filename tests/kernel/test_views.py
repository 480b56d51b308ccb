"""What a view keeps for all its requests, and what it says of itself every time."""

from __future__ import annotations

from django.test import RequestFactory
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response

from plinto.kernel import answers
from plinto.kernel.permissions import Anyone
from plinto.kernel.renderers import JSONRenderer
from plinto.kernel.views import APIView
from resilience.policies import POLICIES
from resilience.throttling import Meter


class Open(APIView):
    authentication_classes = []
    permission_classes = [Anyone]

    def get(self, request):
        return Response({"made": [id(each) for each in self.get_permissions()]})

    def post(self, request):
        return answers.answer({"made": "at once"}, status=201)


class Closed(Open):
    permission_classes = []
    http_method_names = ["get"]


class Plain(BaseRenderer):
    media_type = "text/plain"


class Both(Open):
    renderer_classes = [JSONRenderer, Plain]


def ask(view, method="get"):
    request = getattr(RequestFactory(), method)("/")
    request.meter = Meter(POLICIES["health"], network="192.0.2.1")
    return view.as_view()(request).render() if method == "get" else view.as_view()(request)


def test_two_requests_are_judged_by_the_same_permission_and_two_classes_by_their_own():
    first, second = (ask(Open).content for _ in range(2))
    assert first == second
    assert ask(Closed).content == b'{"made":[]}'


def test_each_class_says_what_it_allows_head_included():
    assert ask(Open).headers["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert ask(Closed).headers["Allow"] == "GET"


def test_an_answer_that_is_written_at_once_looks_like_any_other():
    late, soon = ask(Open), ask(Open, "post")
    assert (soon.status_code, soon.content) == (201, b'{"made":"at once"}')
    assert soon.headers["Content-Type"] == late.headers["Content-Type"] == "application/json"
    assert soon.headers["Allow"] == late.headers["Allow"]


def test_only_a_view_with_a_choice_of_forms_varies_by_accept():
    assert "Vary" not in ask(Open).headers
    assert ask(Both).headers["Vary"] == "Accept"
