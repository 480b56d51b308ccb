"""What the health pages tell of the trail."""

from __future__ import annotations

from dataclasses import dataclass

from health_check.base import HealthCheck  # type: ignore[import-untyped]
from health_check.exceptions import ServiceUnavailable  # type: ignore[import-untyped]

from audit.services import checkpoint_keys
from plinto.kernel.exceptions import ConfigurationError


@dataclass
class CheckpointKeyUsable(HealthCheck):  # type: ignore[misc]
    """There is a key to sign checkpoints with, and ``FIELD_KEYS`` opens it."""

    def run(self) -> None:
        try:
            checkpoint_keys.signing()
        except ConfigurationError as error:
            raise ServiceUnavailable(error.reason) from error
