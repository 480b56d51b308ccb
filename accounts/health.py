"""What readiness has to know of accounts."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from health_check.base import HealthCheck  # type: ignore[import-untyped]
from health_check.exceptions import ServiceUnavailable  # type: ignore[import-untyped]

from accounts.services.keys import ring
from plinto.kernel.exceptions import ConfigurationError


@dataclass
class SigningKeyUsable(HealthCheck):  # type: ignore[misc]
    """There is a key to sign access tokens with, and ``FIELD_KEYS`` opens it."""

    def run(self) -> None:
        try:
            ring.signing(timezone.now())
        except ConfigurationError as error:
            raise ServiceUnavailable(error.reason) from error
