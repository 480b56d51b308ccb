"""dj-rest-auth with JWT (https://dj-rest-auth.readthedocs.io/en/latest/installation.html)."""
