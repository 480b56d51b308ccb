"""The short names of organizations, as they stand in addresses."""

from __future__ import annotations

import re

SHORTEST, LONGEST = 2, 40
# No two hyphens side by side: "xn--" would make a look-alike of a name in another script.
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# What addresses, mail and people take for Plinto itself.
_RESERVED_WORDS = (
    "abuse account accounts admin administrator api app apps auth billing blog cdn contact"
    " dashboard docs email everyone ftp health help hostmaster id imap info invitation"
    " invitations legal login logout mail me members metrics new noreply null oauth oidc"
    " organization organizations password plinto pop postmaster privacy register root saml scim"
    " security sessions settings sign-in sign-up signin signup smtp sso staff static status"
    " support system team terms undefined user users webhook webhooks webmaster www"
)
_RESERVED = frozenset(_RESERVED_WORDS.split())


def canonical(text: str) -> str:
    """
    Read a slug, whatever its case; the answer is how it is kept and compared.

    Only ASCII is let in, before it is folded: the Kelvin sign folds to "k".

    :raises ValueError: it is none, or it is reserved; the message is fit for a caller
    """
    folded = text.lower() if text.isascii() else ""
    if not SHORTEST <= len(folded) <= LONGEST or not _SLUG.fullmatch(folded):
        raise ValueError(
            f"Use {SHORTEST} to {LONGEST} letters and digits, with single hyphens between them."
        )
    if folded in _RESERVED:
        raise ValueError("This name is reserved.")
    return folded
