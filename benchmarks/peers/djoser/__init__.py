"""djoser with simplejwt (https://djoser.readthedocs.io/en/latest/getting_started.html)."""
