"""Key rings as staff see them: which key signs, which only stand beside it, which are over."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar, cast

from django.contrib import admin
from django.db.models import Case, CharField, Exists, Model, OuterRef, Q, QuerySet, Value, When
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin.records import RecordAdmin

Key = TypeVar("Key", bound=Model)


class KeyRingAdmin(RecordAdmin[Key]):
    """
    The keys of a ring, with ``signs_from`` and ``published_until``; the private half is not read.

    ``over`` is what one is called that is published no more.
    """

    over: ClassVar[str]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Key]:
        now = timezone.now()
        # As rings choose: the published key whose time to sign came last.
        successor = self.model._default_manager.filter(
            Q(published_until=None) | Q(published_until__gt=now),
            signs_from__lte=now,
            signs_from__gt=OuterRef("signs_from"),
        )
        state = Case(
            When(published_until__lte=now, then=Value(self.over)),
            When(signs_from__gt=now, then=Value("waiting")),
            When(Exists(successor), then=Value("published")),
            default=Value("signing"),
            output_field=CharField(),
        )
        keys = super().get_queryset(request).defer("private_key").annotate(state_now=state)
        return cast("QuerySet[Key]", keys)

    @admin.display(description="state")
    def state(self, key: Any) -> str:
        return str(getattr(key, "state_now", ""))
