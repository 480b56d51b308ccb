"""django-allauth headless (https://docs.allauth.org/en/latest/headless/installation.html)."""
