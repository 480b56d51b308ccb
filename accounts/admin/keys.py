"""Signing keys: which there are and what each is for now; rotating them is a command."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin.key_rings import KeyRingAdmin
from accounts.models import SigningKey


@admin.register(SigningKey)
class SigningKeyAdmin(KeyRingAdmin[SigningKey]):
    """The private half is not even read."""

    over = "retired"
    list_display = ("kid", "algorithm", "created_at", "signs_from", "published_until", "state")
    fields = list_display
    ordering = ("-created_at",)
