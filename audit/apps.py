"""The audit app."""

from __future__ import annotations

from django.apps import AppConfig

from audit import controls, export_controls
from resilience import contract
from resilience.worker import roster


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        # Models exist only now, and the queues need them.
        from audit.health import CheckpointKeyUsable  # noqa: PLC0415
        from audit.services import (  # noqa: PLC0415
            figures,
            publishing,
            retention,
            sealing,
            trail_exports,
        )
        from resilience import glance, health  # noqa: PLC0415

        contract.register(*controls.CONTROLS, *export_controls.CONTROLS)
        roster.add_queue(sealing.QUEUE)
        roster.add_queue(publishing.QUEUE)
        roster.add_queue(trail_exports.QUEUE)
        roster.add_chore(trail_exports.TRIMMING)
        roster.add_chore(retention.CHORE)
        glance.also(figures.of_sealing)
        health.watch("audit key", CheckpointKeyUsable())
