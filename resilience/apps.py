"""The app that other apps lean on when Redis, the database or a mail server fails them."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings

from resilience import contract, controls, tidying


class ResilienceConfig(AppConfig):
    name = "resilience"
    verbose_name = "Resilience"

    def ready(self) -> None:
        # The checks register themselves; models exist only now, and the chores need them.
        from resilience import checks, housekeeping  # noqa: F401, PLC0415
        from resilience.worker import roster  # noqa: PLC0415

        for chore in housekeeping.CHORES:
            roster.add_chore(chore)

        contract.register(*controls.CONTROLS)
        tidying.leave_out(settings.DATABASES)
