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
        from accounts.services import organization_belongings  # noqa: PLC0415
        from webhooks.services import (  # noqa: PLC0415
            endpoint_removal,
            fanout,
            housekeeping,
            sending,
        )
        from webhooks.services.figures import figures  # noqa: PLC0415

        contract.register(*delivery_controls.CONTROLS, *endpoint_controls.CONTROLS)
        readings.add(figures.readings)
        roster.add_queue(fanout.QUEUE)
        roster.add_queue(sending.QUEUE)
        roster.add_chore(housekeeping.TRIMMING)
        organization_belongings.add(endpoint_removal.shorten_all_of)
