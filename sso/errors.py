"""What single sign-on refuses, by names that clients may rely on."""

from __future__ import annotations

from plinto.kernel.exceptions import ConflictError


class LastConnection(ConflictError):
    """Without it nobody of the organization's domains could come in, owners apart."""

    default_message = (
        "This organization requires single sign-on, and this is its last connection that is on. "
        "Turn the requirement off first."
    )
