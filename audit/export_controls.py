"""What exports of a trail promise while a dependency is gone, as a row of the degrade contract."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, refuse

TRAIL_EXPORTS = Control(
    name="exports of a trail",
    truth="the export's row, whose parts are handed out once it is settled and not before",
    rows=("audit.TrailExport", "audit.TrailExportPart"),
    redis=Redis.always(
        enforce(
            "A file is handed out whole, to whoever may read the trail at that moment and to "
            "nobody else; a worker that was killed in the middle leaves nothing of it behind."
        )
    ),
    database=Database.always(
        refuse("Asking for an export, and taking one, answers 503; a worker begins it anew.")
    ),
    mail=Mail.always(enforce("No letter is involved.")),
)

CONTROLS = (TRAIL_EXPORTS,)
