"""The sso app, and what the worker does for it."""

from __future__ import annotations

from django.apps import AppConfig

from resilience import contract
from resilience.worker import roster
from sso import arrival_controls, connection_controls, door_controls, oidc_controls


class SSOConfig(AppConfig):
    name = "sso"
    verbose_name = "Single sign-on"

    def ready(self) -> None:
        # Models exist only now, and these modules need them; federation registers itself.
        from accounts.services import organization_belongings  # noqa: PLC0415
        from resilience import glance, health  # noqa: PLC0415
        from sso.health import CertificatesLast  # noqa: PLC0415
        from sso.services import (  # noqa: PLC0415
            ended,
            expiry,
            federation,  # noqa: F401
            housekeeping,
            metadata_refresh,
        )

        contract.register(*connection_controls.CONTROLS, *door_controls.CONTROLS)
        contract.register(*arrival_controls.CONTROLS, *oidc_controls.CONTROLS)
        organization_belongings.add(ended.shorten_all_of)
        roster.add_queue(metadata_refresh.QUEUE)
        roster.add_chore(expiry.TELLING)
        glance.also(expiry.figures)
        health.watch("sso certificates", CertificatesLast())
        for chore in housekeeping.CHORES:
            roster.add_chore(chore)
