"""Single sign-on in Django admin: each module registers one page."""

from sso.admin import service_keys

__all__ = ["service_keys"]
