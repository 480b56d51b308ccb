"""The REST faces of accounts: read the body, make one call, answer."""
