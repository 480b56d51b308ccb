"""Endpoints, how far each has read, what it is sent, and how every try went."""

from webhooks.models.delivery import Attempt, Delivery
from webhooks.models.endpoint import Endpoint, Position

__all__ = ["Attempt", "Delivery", "Endpoint", "Position"]
