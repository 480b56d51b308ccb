"""The REST faces of webhooks: read the body, make one call, answer."""
