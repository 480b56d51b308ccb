"""The suite: real servers in ``servers``, one file per use case, journeys from outside."""
