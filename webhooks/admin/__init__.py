"""Webhooks in Django admin: each module registers one page."""
