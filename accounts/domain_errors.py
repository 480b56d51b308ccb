"""Refusals about domains, each with a code of its own."""

from __future__ import annotations

from plinto.kernel.exceptions import ConflictError, ServiceUnavailableError


class DomainNotProved(ConflictError):
    """The record was looked for and not found; ``details`` say where it must stand."""

    default_message = "The record was not found. It may take a while until it is seen everywhere."

    def __init__(self, *, record: dict[str, str]) -> None:
        super().__init__(details={"record": record}, reason="record not found")


class DomainTaken(ConflictError):
    """Told only to who has proved the domain, so nobody learns who uses Plinto."""

    default_message = "Another organization has proved this domain. It must delete it first."


class DNSUnavailable(ServiceUnavailableError):
    default_message = "The domain name system gave no answer. Nothing was changed; try again."
