"""Plinto as a Django app, and the admin site it puts in place of Django's."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PlintoConfig(AppConfig):
    name = "plinto"
    verbose_name = "Plinto"


class PlintoAdminConfig(AdminConfig):
    """Django admin with Plinto's site, whose sign-in is limited and recorded."""

    default_site = "plinto.admin_site.PlintoAdminSite"
    # Named in INSTALLED_APPS; without this Django would also take it for the config of plinto.
    default = False
