"""Registers what the worker does for accounts."""

from django.apps import AppConfig

from accounts import (
    api_key_controls,
    controls,
    domain_controls,
    federation_controls,
    forward_auth_controls,
    letter_controls,
    organization_controls,
    social_controls,
    terms_controls,
)
from resilience import contract, health, readings
from resilience.worker import roster


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        # Models exist only now, and these modules need them; the first two register themselves.
        from accounts import schema  # noqa: F401, PLC0415
        from accounts.services import trail_keys  # noqa: F401, PLC0415 # isort: skip
        from accounts.health import SigningKeyUsable  # noqa: PLC0415
        from accounts.services import data_exports, housekeeping, outbox, tokens  # noqa: PLC0415

        contract.register(*controls.CONTROLS, *letter_controls.CONTROLS)
        contract.register(*organization_controls.CONTROLS, *social_controls.CONTROLS)
        contract.register(*api_key_controls.CONTROLS, *federation_controls.CONTROLS)
        contract.register(*domain_controls.CONTROLS, *terms_controls.CONTROLS)
        contract.register(*forward_auth_controls.CONTROLS)
        health.require("signing key", SigningKeyUsable())
        readings.add(tokens.verified_tokens.readings)
        roster.add_queue(outbox.QUEUE)
        roster.add_queue(data_exports.QUEUE)
        for chore in housekeeping.CHORES:
            roster.add_chore(chore)
