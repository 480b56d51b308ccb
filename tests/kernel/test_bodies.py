"""Reading a body at a glance says what its serializer says, whatever is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from plinto.kernel.serializers import Body, Text


class Letter(Body):
    address = Text(max_length=8)
    token = Text(max_length=12)
    hint = Text(max_length=4, required=False)


class Defaulted(Body):
    address = Text(max_length=8)
    hint = Text(max_length=4, default="none")


class Judged(Letter):
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        raise serializers.ValidationError("never")


class Stripped(Body):
    name = Text(max_length=8, trim_whitespace=True)


class Lengthy(Body):
    code = Text(min_length=3, max_length=8)


def said(kind: type[Body], sent: Any, *, glance: bool) -> Any:
    """What becomes of a body: the fields, or what is wrong with it."""
    request = Request(APIRequestFactory().post("/"))
    request._full_data = sent
    try:
        if glance:
            return kind.read(request)
        body = kind(data=sent)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)
    except serializers.ValidationError as error:
        return error.get_full_details()


TEXTS = st.text(st.characters(exclude_categories=[]), max_size=13) | st.from_regex(
    r"[ -~]{0,13}", fullmatch=True
)
VALUES = TEXTS | st.none() | st.integers() | st.booleans() | st.lists(TEXTS, max_size=2)
BODIES = st.dictionaries(
    st.sampled_from(["address", "token", "hint", "name", "code", "more"]), VALUES, max_size=4
)


@pytest.mark.parametrize("kind", [Letter, Defaulted, Judged, Stripped, Lengthy])
@given(sent=BODIES | VALUES)
def test_a_glance_and_the_serializer_agree(kind, sent):
    assert said(kind, sent, glance=True) == said(kind, sent, glance=False)


@pytest.mark.parametrize(
    ("kind", "sent", "is_seen"),
    [
        (Letter, {"address": "a@b", "token": "x" * 12}, True),
        (Letter, {"address": "a@b", "token": "x" * 12, "hint": "why"}, True),
        (Letter, {"address": "a@b", "token": "x" * 13}, False),
        (Letter, {"address": "a@b", "token": "x", "more": "x"}, False),
        (Letter, {"address": "a@b"}, False),
        (Letter, {"address": "a@b", "token": "é"}, False),
        (Defaulted, {"address": "a@b", "hint": "why"}, True),
        (Defaulted, {"address": "a@b"}, False),
        (Judged, {"address": "a@b", "token": "x"}, False),
        (Stripped, {"name": "x"}, False),
        (Lengthy, {"code": "abc"}, False),
    ],
)
def test_only_ordinary_texts_are_taken_at_a_glance(kind, sent, is_seen):
    assert (kind.texts_in(sent) == sent) is is_seen
