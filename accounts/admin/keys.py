"""Signing keys: which there are and what each is for now; rotating them is a command."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin.records import RecordAdmin
from accounts.models import SigningKey


@admin.register(SigningKey)
class SigningKeyAdmin(RecordAdmin[SigningKey]):
    """The private half is not even read."""

    list_display = ("kid", "algorithm", "created_at", "signs_from", "published_until", "state")
    fields = list_display
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SigningKey]:
        now = timezone.now()
        # As the ring chooses: the youngest published key whose time to sign has come.
        successor = SigningKey.objects.filter(
            Q(published_until=None) | Q(published_until__gt=now),
            signs_from__lte=now,
            signs_from__gt=OuterRef("signs_from"),
        )
        state = Case(
            When(published_until__lte=now, then=Value("retired")),
            When(signs_from__gt=now, then=Value("waiting")),
            When(Exists(successor), then=Value("published")),
            default=Value("signing"),
            output_field=CharField(),
        )
        return super().get_queryset(request).defer("private_key").annotate(state_now=state)

    @admin.display(description="state")
    def state(self, key: SigningKey) -> str:
        return str(getattr(key, "state_now", ""))
