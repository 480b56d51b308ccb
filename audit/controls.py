"""What the trail promises while a dependency is gone, as a row of the degrade contract."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, refuse

TRAIL = Control(
    name="audit trail",
    truth="the audit row, in the transaction of its act",
    rows=("audit.AuditRow",),
    redis=Redis.always(enforce("Every act has its audit row, and so has every refusal.")),
    database=Database.always(
        refuse("What cannot be recorded does not happen: the act is rolled back with its row.")
    ),
    mail=Mail.always(enforce("Acts are recorded when they happen, not when a letter arrives.")),
)

CONTROLS = (TRAIL,)
