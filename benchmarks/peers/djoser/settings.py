"""djoser as its "Getting started" and "JSON Web Token Authentication" pages say."""

from __future__ import annotations

from benchmarks.peers.django_project import *  # noqa: F403
from benchmarks.peers.django_project import INSTALLED_APPS, SIMPLE_JWT

ROOT_URLCONF = "benchmarks.peers.djoser.urls"
INSTALLED_APPS = [*INSTALLED_APPS, "djoser"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": (
        "rest_framework_simplejwt.authentication.JWTAuthentication",
    ),
}
SIMPLE_JWT = {**SIMPLE_JWT, "AUTH_HEADER_TYPES": ("JWT",)}
