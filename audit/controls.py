"""What the trail promises while a dependency is gone, as a row of the degrade contract."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, read_only, refuse

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

_SEALED_LATER = refuse(
    "Nothing is sealed or proved for now; what was written before is sealed afterwards, and no row "
    "is skipped."
)

SEALING = Control(
    name="sealed trail",
    truth="the rows, the hashes that link them, and the checkpoints signed over them",
    rows=("audit.ChainHead", "audit.Checkpoint", "audit.CheckpointKey", "audit.Truncation"),
    redis=Redis.always(enforce("The worker gives each row one place in its chain, and signs it.")),
    database=Database(
        gone=_SEALED_LATER,
        read_only=read_only("What is signed is proved; what is not is sealed and signed later."),
        busy=_SEALED_LATER,
    ),
    mail=Mail.always(enforce("No letter is involved.")),
)

CONTROLS = (TRAIL, SEALING)
