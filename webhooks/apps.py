"""The webhooks app."""

from __future__ import annotations

from django.apps import AppConfig

from resilience import contract
from webhooks import endpoint_controls


class WebhooksConfig(AppConfig):
    name = "webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        contract.register(*endpoint_controls.CONTROLS)
