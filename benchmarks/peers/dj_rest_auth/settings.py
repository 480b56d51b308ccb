"""dj-rest-auth as its "Installation" page says, with registration and simplejwt."""

from __future__ import annotations

from benchmarks.peers.django_project import *  # noqa: F403
from benchmarks.peers.django_project import INSTALLED_APPS, MIDDLEWARE

ROOT_URLCONF = "benchmarks.peers.dj_rest_auth.urls"
INSTALLED_APPS = [
    *INSTALLED_APPS,
    "rest_framework.authtoken",
    "dj_rest_auth",
    "django.contrib.sites",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "dj_rest_auth.registration",
]
MIDDLEWARE = [*MIDDLEWARE, "allauth.account.middleware.AccountMiddleware"]
SITE_ID = 1
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ("dj_rest_auth.jwt_auth.JWTCookieAuthentication",),
}
REST_AUTH = {"USE_JWT": True, "JWT_AUTH_HTTPONLY": False}
# No letter is written at sign-up and nothing counts the tries, to the peer's advantage.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False
