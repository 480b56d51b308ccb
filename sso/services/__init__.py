"""Use cases of single sign-on, one subject a file."""
