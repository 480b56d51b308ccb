"""Shapes of webhooks on the wire."""
