"""What the health pages tell of single sign-on."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from health_check.base import HealthCheck  # type: ignore[import-untyped]
from health_check.exceptions import ServiceUnavailable  # type: ignore[import-untyped]

from sso.services import expiry


@dataclass
class CertificatesLast(HealthCheck):  # type: ignore[misc]
    """No connection that is on is about to lose the certificates of its provider."""

    def run(self) -> None:
        count = expiry.endangered(timezone.now())
        if count:
            raise ServiceUnavailable(f"certificates of {count} connections end within a day")
