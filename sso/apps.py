"""The sso app, and what the worker does for it."""

from __future__ import annotations

from django.apps import AppConfig


class SSOConfig(AppConfig):
    name = "sso"
    verbose_name = "Single sign-on"
