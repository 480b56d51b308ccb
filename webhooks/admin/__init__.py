"""
Webhooks in Django admin: each module registers one page.

What an act may do is decided by ``services.endpoint_staff``, never here.
"""

from webhooks.admin import attempts, deliveries, endpoints

__all__ = ["attempts", "deliveries", "endpoints"]
