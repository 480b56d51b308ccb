"""The app that other apps lean on when Redis, the database or a mail server fails them."""

from __future__ import annotations

from django.apps import AppConfig

from resilience import contract, controls


class ResilienceConfig(AppConfig):
    name = "resilience"
    verbose_name = "Resilience"

    def ready(self) -> None:
        # Registers the system checks; nothing may run before the registry of apps is complete.
        from resilience import checks  # noqa: F401, PLC0415

        contract.register(*controls.CONTROLS)
