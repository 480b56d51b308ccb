"""
allauth headless with its JWT strategy, and an API in Django REST framework behind it.

As https://docs.allauth.org/en/latest/headless/token-strategies/jwt-tokens.html and
https://docs.allauth.org/en/latest/headless/integrations/django-rest-framework.html say.
"""

from __future__ import annotations

import os

# allauth 65.22 uses this module without importing it, and answers 500 unless somebody else did.
import cryptography.hazmat.primitives.serialization  # noqa: F401

from benchmarks.peers.django_project import *  # noqa: F403
from benchmarks.peers.django_project import INSTALLED_APPS, MIDDLEWARE

ROOT_URLCONF = "benchmarks.peers.allauth.urls"
INSTALLED_APPS = [*INSTALLED_APPS, "allauth", "allauth.account", "allauth.headless"]
MIDDLEWARE = [*MIDDLEWARE, "allauth.account.middleware.AccountMiddleware"]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("app",)
HEADLESS_TOKEN_STRATEGY = "allauth.headless.tokens.strategies.jwt.JWTTokenStrategy"
HEADLESS_JWT_PRIVATE_KEY = os.environ["PEER_PRIVATE_KEY"]
HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN = 6 * 3600
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# No letter is written at sign-up and nothing counts the tries, to the peer's advantage.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False
