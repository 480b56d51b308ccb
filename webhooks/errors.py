"""What webhooks refuses, by names that clients may rely on."""

from __future__ import annotations

from plinto.kernel.exceptions import ConflictError


class EndpointPaused(ConflictError):
    """What is asked for would be sent, and to a paused endpoint nothing is."""

    default_message = "The endpoint is paused. Enable it first."


class EndpointChanged(ConflictError):
    """Two who rotate a secret at once must not end the one that the receiver has."""

    default_message = "The secret was changed at the same moment. Look at it, then decide."


class DeliveryUnderWay(ConflictError):
    """What is due will be sent anyhow, and must not lose its place in the schedule."""

    default_message = "This delivery is on its way already."
