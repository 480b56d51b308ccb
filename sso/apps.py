"""The sso app, and what the worker does for it."""

from __future__ import annotations

from django.apps import AppConfig

from resilience import contract
from sso import connection_controls


class SSOConfig(AppConfig):
    name = "sso"
    verbose_name = "Single sign-on"

    def ready(self) -> None:
        contract.register(*connection_controls.CONTROLS)
