"""The sso app, and what the worker does for it."""

from __future__ import annotations

from django.apps import AppConfig


class SSOConfig(AppConfig):
    name = "sso"
    verbose_name = "Single sign-on"

    def ready(self) -> None:
        # Models exist only now, and these modules need them.
        from sso.scim import setting_up  # noqa: PLC0415

        setting_up.ready()
