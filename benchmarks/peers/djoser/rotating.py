"""
The same with rotation and blacklist, so that a refresh token works once.

As https://django-rest-framework-simplejwt.readthedocs.io/en/latest/blacklist_app.html says.
"""

from __future__ import annotations

from benchmarks.peers.djoser.settings import *  # noqa: F403
from benchmarks.peers.djoser.settings import INSTALLED_APPS, SIMPLE_JWT

INSTALLED_APPS = [*INSTALLED_APPS, "rest_framework_simplejwt.token_blacklist"]
SIMPLE_JWT = {**SIMPLE_JWT, "ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
