"""
What accounts promises while Redis, the database or the mail server is gone.

The rows of the degrade contract; the code that upholds them is marked with ``enforces``.
"""

from __future__ import annotations

from accounts.passkey_controls import PASSKEYS
from resilience.contract import Control, Database, Mail, Redis, enforce, read_only, refuse

_NO_MAIL = Mail.always(enforce("No letter is involved."))
_NOTHING_BY_HALVES = refuse(
    "Whatever writes answers 503: nothing is acknowledged that was not committed."
)
_COPY_OR_NOTHING = refuse(
    "Signed-in requests answer 503, never 401; only a copy of at most SECURITY_COPY_TTL is "
    "still believed."
)
_NO_ADMIN = refuse("Admin pages answer 503, and nobody is signed out.")

SESSION_REVOCATION = Control(
    name="session revocation",
    truth="the session row",
    rows=("accounts.Session",),
    redis=Redis.always(enforce("A session that was ended is refused at once, on every worker.")),
    database=Database(
        gone=_COPY_OR_NOTHING,
        read_only=read_only("Ended sessions are refused; ending one answers 503."),
        busy=_COPY_OR_NOTHING,
    ),
    mail=_NO_MAIL,
)

SWITCHED_OFF = Control(
    name="people switched off",
    truth="the person's row",
    rows=("accounts.User",),
    redis=Redis.always(
        enforce("A person who was switched off is refused at once, at every way in.")
    ),
    database=Database(
        gone=_COPY_OR_NOTHING,
        read_only=read_only("Whoever is off stays out; switching somebody off answers 503."),
        busy=_COPY_OR_NOTHING,
    ),
    mail=_NO_MAIL,
)

REFRESH_REUSE = Control(
    name="refresh token reuse",
    truth="the digest in the session row, exchanged by one conditional UPDATE",
    rows=("accounts.Session",),
    redis=Redis.always(
        enforce(
            "A refresh token works once, its twins within ten seconds get the same successor, "
            "and a later one ends the session."
        )
    ),
    database=Database.always(
        refuse("A refresh token is spent together with its answer, or not at all.")
    ),
    mail=_NO_MAIL,
)

MAILBOX_PROOFS = Control(
    name="mailbox proofs",
    truth="the proof's row, spent by one conditional UPDATE",
    rows=("accounts.MailboxProof", "accounts.Registration"),
    redis=Redis.always(
        enforce("A verification code or link works once, and guesses at a code are counted.")
    ),
    database=Database.always(_NOTHING_BY_HALVES),
    mail=Mail.always(
        enforce("A code waits with its letter; its hour counts from when the letter was sent.")
    ),
)

PASSWORD_LINKS = Control(
    name="password links",
    truth="the link's row, bound to the address and password it was issued for",
    rows=("accounts.PasswordLink",),
    redis=Redis.always(
        enforce("A reset link works once, and every session ends with the old password.")
    ),
    database=Database.always(_NOTHING_BY_HALVES),
    mail=Mail.always(
        enforce("A link waits with its letter; its half hour counts from when it was sent.")
    ),
)

LOCKOUT = Control(
    name="lockout",
    truth="the counter's row, taken before the work by one statement",
    rows=("resilience.Counter",),
    redis=Redis.always(
        enforce("Attempts are counted exactly over all workers, and a full count stays full.")
    ),
    database=Database.always(refuse("No password and no code is tried uncounted.")),
    mail=_NO_MAIL,
)

PASSWORD_HASHING = Control(
    name="password hashing",
    truth="the slots of the process",
    redis=Redis.always(
        enforce("A process hashes HASH_SLOTS passwords at once; others wait, or get a 503.")
    ),
    database=Database.always(enforce("Slots belong to the process and ask no database.")),
    mail=_NO_MAIL,
)

SIGNING_KEYS = Control(
    name="access token signatures",
    truth="the key ring, read from its rows and kept in memory",
    rows=("accounts.SigningKey",),
    redis=Redis.always(enforce("Only a token that a published key signed is read any further.")),
    database=Database(
        gone=enforce(
            "Processes verify and publish with the ring they have read; without one they answer "
            "503. No key is ever made up, and a good signature alone lets nobody in."
        ),
        read_only=read_only("Tokens are verified; rotating a key fails and changes nothing."),
        busy=enforce(
            "Processes verify with the ring they have read, and a good signature alone lets "
            "nobody in."
        ),
    ),
    mail=_NO_MAIL,
)

SIGN_IN = Control(
    name="sign-in",
    truth="the person's row and its password hash",
    rows=("accounts.User", "accounts.Session"),
    redis=Redis.always(
        enforce("The right password opens a session and a wrong one does not, as ever.")
    ),
    database=Database.always(_NOTHING_BY_HALVES),
    mail=_NO_MAIL,
)

SECOND_FACTORS = Control(
    name="second factors",
    truth=(
        "the rows of the app, of each recovery code and of the sign-in that waits, each spent by "
        "one conditional UPDATE"
    ),
    rows=("accounts.AuthenticatorApp", "accounts.RecoveryCode", "accounts.PendingSignIn"),
    redis=Redis.always(
        enforce(
            "Nobody who has a second factor comes in without it. A code works once, a recovery "
            "code works once, and the sixth wrong one in a quarter of an hour is one too many, "
            "over all workers."
        )
    ),
    database=Database.always(
        refuse("No factor is tried uncounted, and none is spent without its session.")
    ),
    mail=Mail.always(
        enforce("Factors work as ever; the letters that tell of them wait and are retried.")
    ),
)

SIGN_UP = Control(
    name="sign-up and mail",
    truth="the registration's row and the letter's row",
    rows=("accounts.Registration", "accounts.OutboundMail"),
    redis=Redis.always(
        enforce("People sign up and letters arrive, with one answer for known and unknown.")
    ),
    database=Database.always(_NOTHING_BY_HALVES),
    mail=Mail.always(
        enforce("Requests answer as always; letters wait as rows and are retried for a day.")
    ),
)

STAFF_SESSIONS = Control(
    name="staff sessions",
    truth="the session row, asked on every admin page",
    rows=("accounts.Session",),
    redis=Redis.always(
        enforce(
            "An administrator's ended session is refused at the next page, and guesses at the "
            "admin site count like any others."
        )
    ),
    database=Database(
        gone=_NO_ADMIN,
        read_only=read_only("Pages are shown to live sessions; nobody new signs in."),
        busy=_NO_ADMIN,
    ),
    mail=_NO_MAIL,
)

STAFF_RIGHTS = Control(
    name="staff permissions",
    truth="the person's permissions and groups, read for every request",
    rows=("accounts.User", "auth.Permission", "auth.Group"),
    redis=Redis.always(enforce("A right that was taken away is refused at the next request.")),
    database=Database(
        gone=_NO_ADMIN,
        read_only=read_only("Rights are judged as they stand; granting and acting answer 503."),
        busy=_NO_ADMIN,
    ),
    mail=_NO_MAIL,
)

PROFILES = Control(
    name="profiles",
    truth="the person's row",
    rows=("accounts.User",),
    redis=Redis.always(enforce("A change is seen by the next request, on every worker.")),
    database=Database(
        gone=_COPY_OR_NOTHING,
        read_only=read_only("Profiles are shown; changing one answers 503."),
        busy=_NOTHING_BY_HALVES,
    ),
    mail=_NO_MAIL,
)

PRIVACY = Control(
    name="exports and erasure",
    truth="the export's row, and the time in the person's row",
    rows=("accounts.DataExport", "accounts.User"),
    redis=Redis.always(
        enforce(
            "An export is handed out once, and whoever asks to be erased is signed out at once, on "
            "every worker."
        )
    ),
    database=Database.always(_NOTHING_BY_HALVES),
    mail=Mail.always(
        enforce("Exports are written and people erased in time; the letters about it wait.")
    ),
)

CONTROLS = (
    SESSION_REVOCATION,
    SWITCHED_OFF,
    REFRESH_REUSE,
    MAILBOX_PROOFS,
    PASSWORD_LINKS,
    LOCKOUT,
    PASSWORD_HASHING,
    SIGNING_KEYS,
    SIGN_IN,
    SECOND_FACTORS,
    PASSKEYS,
    SIGN_UP,
    STAFF_SESSIONS,
    STAFF_RIGHTS,
    PROFILES,
    PRIVACY,
)
