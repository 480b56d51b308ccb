"""What accounts promises about passkeys; a row of the degrade contract, beside ``controls``."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, refuse

PASSKEYS = Control(
    name="passkeys",
    truth=(
        "the rows of the passkey and of its challenge, the challenge spent and the count of "
        "signatures moved by one conditional UPDATE each"
    ),
    rows=("accounts.Passkey", "accounts.PasskeyChallenge"),
    redis=Redis.always(
        enforce(
            "A passkey signs its person in, and its answer works once, for what it was asked, at "
            "the origin it was asked at. A passkey that was removed is refused at once."
        )
    ),
    database=Database.always(
        refuse("No passkey is tried uncounted, and no challenge is spent without its session.")
    ),
    mail=Mail.always(
        enforce("Passkeys work as ever; the letters that tell of them wait and are retried.")
    ),
)
