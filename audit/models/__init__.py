"""The trail: its rows, what seals and signs them, and what was asked to be taken along."""

from audit.models.export import TrailExport, TrailExportPart
from audit.models.row import AppendOnlyError, AuditRow, AuditRows
from audit.models.seal import ChainHead, Checkpoint, CheckpointKey, Truncation

__all__ = [
    "AppendOnlyError",
    "AuditRow",
    "AuditRows",
    "ChainHead",
    "Checkpoint",
    "CheckpointKey",
    "TrailExport",
    "TrailExportPart",
    "Truncation",
]
