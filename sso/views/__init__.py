"""The doors of single sign-on over HTTP."""
