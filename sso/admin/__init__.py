"""Single sign-on in Django admin: each module registers one page."""

from sso.admin import connections, service_keys

__all__ = ["connections", "service_keys"]
