"""The webhooks app, and what the worker does for it."""

from __future__ import annotations

from django.apps import AppConfig

from resilience import contract, readings
from resilience.worker import roster
from webhooks import delivery_controls, endpoint_controls


class WebhooksConfig(AppConfig):
    name = "webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        # Models exist only now, and these modules need them.
        from webhooks.services import fanout, housekeeping, sending  # noqa: PLC0415
        from webhooks.services.figures import figures  # noqa: PLC0415

        contract.register(*delivery_controls.CONTROLS, *endpoint_controls.CONTROLS)
        readings.add(figures.readings)
        roster.add_queue(fanout.QUEUE)
        roster.add_queue(sending.QUEUE)
        roster.add_chore(housekeeping.TRIMMING)
