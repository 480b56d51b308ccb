"""The injectable services, under one roof: each has one implementation, replaced by override."""

from accounts.services.access import get_rbac_service
from accounts.services.federation import get_sso_service
from accounts.services.mail import get_email_service
from accounts.services.tokens import get_jwt_service
from audit.services.record import get_audit_service
from resilience.text_records import get_text_records
from webhooks.services.tries import get_webhook_service

__all__ = [
    "get_audit_service",
    "get_email_service",
    "get_jwt_service",
    "get_rbac_service",
    "get_sso_service",
    "get_text_records",
    "get_webhook_service",
]
