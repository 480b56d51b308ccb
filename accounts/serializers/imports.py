"""One line of a file for ``manage.py import_users``."""

from __future__ import annotations

from rest_framework import serializers

from accounts.serializers.fields import LanguageTag, Name, TimeZone
from plinto.kernel.serializers import Body, Text


class ImportLine(Body):
    """A person; only ``email`` must be there, and no field that is not listed may be."""

    email = Text(max_length=320)
    name = Name(default="")
    email_verified = serializers.BooleanField(default=False)
    password_hash = Text(max_length=512, default="", allow_blank=True)
    locale = LanguageTag(default="", allow_blank=True)
    timezone = TimeZone(default="", allow_blank=True)
    is_active = serializers.BooleanField(default=True)
    created_at = serializers.DateTimeField(required=False)
