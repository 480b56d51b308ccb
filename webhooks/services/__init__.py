"""Use cases of webhooks, one subject a file."""
