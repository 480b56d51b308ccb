"""The audit app."""

from __future__ import annotations

from django.apps import AppConfig

from audit import controls
from resilience import contract


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        contract.register(*controls.CONTROLS)
