"""What may become of an export of a trail, each with a code of its own."""

from __future__ import annotations

from plinto.kernel.exceptions import ConflictError, PlintoServiceException


class TrailExportWaiting(ConflictError):
    """One export of a person or a key waits at a time, and this is not the one they ask for."""

    default_message = "Another export that you asked for is being written. Wait until it is done."


class TrailExportLost(PlintoServiceException):
    """Whoever writes an export has lost it: to another worker, or because it was voided."""


class TrailExportOutrun(PlintoServiceException):
    """Rows were removed from the trail while an export of them was written; it begins anew."""
