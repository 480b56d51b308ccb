"""
What each act leaves in the trail, act by act: words of ``audit.events`` or why there is none.

An operation of the API is tried by its example (``test_openapi_examples``), staff and commands by
``test_every_act_is_recorded``. What only happens otherwise is shown by the tests named at the end.
"""

from __future__ import annotations

from audit.models import AuditRow

# The words that the example of an operation adds, each once.
BY_OPERATION = {
    "register": "user.registered",
    "verify_email": "user.created user.verified session.started",
    "resend_verification": "email.verification_requested",
    "login": "session.started",
    "login_mfa": "session.started",
    "login_passkey": "session.started",
    "request_magic_link": "magic_link.requested",
    "verify_magic_link": "session.started",
    "request_password_reset": "password.reset_requested",
    "confirm_password_reset": "password.reset session.ended",
    "undo_email_change": "email.restored password.dropped session.ended",
    "refresh_tokens": "session.refreshed",
    "reauthenticate": "session.reauthenticated",
    "logout": "session.ended",
    "logout_all": "session.ended",
    "sso_logout": "session.ended",
    "post_saml_logout": "session.ended",
    "post_oidc_logout": "session.ended",
    "end_session": "session.ended",
    "end_other_sessions": "session.ended",
    "update_me": "user.updated",
    "erase_me": "user.erasure_requested session.ended",
    "change_password": "password.changed",
    "request_email_change": "email.change_requested",
    "confirm_email_change": "email.changed",
    "request_export": "export.requested",
    "take_export": "export.taken",
    "begin_totp": "factor.issued",
    "confirm_totp": "factor.added",
    "remove_totp": "factor.removed",
    "renew_recovery_codes": "recovery_codes.renewed",
    "add_passkey": "passkey.added",
    "rename_passkey": "passkey.renamed",
    "remove_passkey": "passkey.removed",
    "exchange_code": "user.created identity.linked session.started",
    "confirm_identity": "identity.linked",
    "unlink_identity": "identity.unlinked",
    "create_organization": "organization.created",
    "update_organization": "organization.updated",
    "delete_organization": "organization.deleted",
    "create_role": "role.created",
    "update_role": "role.updated",
    "delete_role": "role.deleted",
    "update_member": "member.updated",
    "remove_member": "member.removed",
    "invite": "invitation.sent",
    "resend_invitation": "invitation.resent",
    "revoke_invitation": "invitation.revoked",
    "accept_invitation": "invitation.accepted",
    "create_api_key": "api_key.created",
    "update_api_key": "api_key.updated",
    "delete_api_key": "api_key.deleted",
    "rotate_api_key": "api_key.rotated",
    "revoke_token": "token.revoked session.ended",
    "add_domain": "domain.added",
    "delete_domain": "domain.deleted",
    "verify_domain": "domain.verified",
    "accept_terms": "terms.accepted",
    "request_trail_export": "trail_export.requested",
    "take_trail_export": "trail_export.taken",
    "create_endpoint": "endpoint.created",
    "update_endpoint": "endpoint.updated",
    "delete_endpoint": "endpoint.deleted",
    "rotate_endpoint_secret": "endpoint.secret_rotated",
    "enable_endpoint": "endpoint.enabled",
    "send_test_event": "endpoint.tested",
    "redeliver": "endpoint.redelivered",
    "redeliver_failed": "endpoint.redelivered",
    "replace_group_roles": "group_roles.changed",
    "create_saml_connection": "connection.created",
    "update_saml_connection": "connection.updated",
    "delete_saml_connection": "connection.deleted",
    "test_saml_connection": "connection.tested",
    "test_oidc_connection": "connection.tested",
    "renew_saml_metadata": "connection.metadata_changed",
    "create_oidc_connection": "connection.created",
    "update_oidc_connection": "connection.updated",
    "delete_oidc_connection": "connection.deleted",
}
QUIET_OPERATIONS = {
    "login_passkey_options": "a challenge that nobody has answered yet",
    "passkey_options": "a challenge that nobody has answered yet",
    "start_social": "somebody sets out for a provider, and may never come back",
    "return_from_provider": "nobody is in before the code is exchanged",
    "post_from_provider": "leads to the same address by GET",
    "discover_connection": "says where people of a domain sign in",
    "post_saml_response": "nobody is in before the code is exchanged",
    "introspect_token": "asks what a token is worth",
}

# What staff do in the admin site: the model and the act, or the page.
BY_STAFF = {
    "login": "session.started admin.signed_in",
    "logout": "session.ended admin.signed_out",
    "second_factor": "session.started admin.signed_in",
    "own_factor begin": "factor.issued",
    "own_factor confirm": "factor.added",
    "own_factor renew": "recovery_codes.renewed",
    "own_factor remove": "factor.removed",
    "password_change": "password.reset_requested",
    "resilience force_open": "circuit.forced_open",
    "resilience force_closed": "circuit.forced_closed",
    "resilience automatic": "circuit.released",
    "resilience reset": "circuit.reset",
    "resilience rehearse": "circuit.outage_rehearsed",
    "accounts_user_reset_factors": "factors.reset session.ended",
    "accounts.User add": "user.created",
    "accounts.User change": "admin.changed",
    "accounts.User end_sessions": "session.ended",
    "accounts.User deactivate": "user.deactivated session.ended",
    "accounts.User reactivate": "user.reactivated",
    "accounts.User mail_link": "password.reset_requested",
    "accounts.User erase": "user.erasure_requested session.ended",
    "accounts.Session end": "session.ended",
    "accounts.OutboundMail send_now": "admin.changed",
    "accounts.Identity unlink": "identity.unlinked",
    "accounts.ApiKey end": "api_key.deleted",
    "webhooks.Endpoint add": "endpoint.created",
    "webhooks.Endpoint change": "endpoint.updated",
    "webhooks.Endpoint delete": "endpoint.deleted",
    "webhooks.Endpoint pause": "endpoint.paused",
    "webhooks.Endpoint enable": "endpoint.enabled",
    "webhooks_endpoint_rotate_secret": "endpoint.secret_rotated",
    "webhooks_endpoint_redeliver": "endpoint.redelivered",
    "webhooks.Delivery redeliver": "endpoint.redelivered",
    "sso.Connection add": "connection.created",
    "sso.Connection change": "connection.updated",
    "sso_connection_test": "connection.tested",
    "sso_connection_enable": "connection.updated",
    "sso_connection_disable": "connection.updated",
    "sso_connection_remove": "connection.deleted",
    "accounts.OrganizationDomain add": "domain.added",
    "accounts.OrganizationDomain delete": "domain.deleted",
    "accounts.OrganizationDomain prove_by_record": "domain.verified",
    "accounts.OrganizationDomain prove_by_word": "domain.verified",
    "auth.Group add": "admin.changed",
    "auth.Group change": "admin.changed",
    "auth.Group delete": "admin.changed",
    "auth.Group delete_selected": "admin.changed",
    "export": "admin.exported",
}
QUIET_PAGES = {
    "index": "a list of pages",
    "app_list": "a list of pages",
    "jsi18n": "words for scripts",
    "autocomplete": "suggestions while somebody types",
    "password_change_done": "leads elsewhere",
    "view_on_site": "leads elsewhere",
    "audit_auditrow_check": "verifies a row and tells what it found",
    "unknown": "no page at all",
    "unnamed": "leads to the page of a row",
}

BY_COMMAND = {
    "create_administrator": "administrator.created",
    "import_users": "user.imported",
    "prepare": "signing_key.rotated audit_key.rotated service_key.rotated administrator.created",
    "rehearse": "circuit.outage_rehearsed",
    "rotate_audit_key": "audit_key.rotated",
    "reset_factors": "factors.reset session.ended",
    "rotate_service_key": "service_key.rotated",
    "rotate_signing_key": "signing_key.rotated",
}
QUIET_COMMANDS = {
    "audit_grants": "gives rights that are the database owner's to give, and stand there",
    "degrade_modes": "prints a document",
    "resilience": "shows what is",
    "run_worker": "works on what is recorded by whoever asked for it, or by the work itself",
    "verify_audit": "reads",
}

# Refusals, and what happens by itself.
ELSEWHERE = {
    "trail.truncated": "tests/audit/test_retention.py",
    "user.erasure_cancelled": "tests/accounts/test_privacy.py",
    "user.erased": "tests/accounts/test_privacy.py",
    "session.factor_asked": "tests/accounts/test_second_factor.py",
    "session.refused": "tests/accounts/test_login.py",
    "session.refresh_reused": "tests/accounts/test_refresh.py",
    "lockout.reached": "tests/accounts/test_login.py",
    "recovery_code.used": "tests/accounts/test_second_factor.py",
    "passkey.cloned": "tests/accounts/test_passkeys.py",
    "member.changed": "tests/accounts/test_member_notes.py",
    "member.deactivated": "tests/accounts/test_member_notes.py",
    "member.reactivated": "tests/accounts/test_member_notes.py",
    "member.erased": "tests/accounts/test_member_notes.py",
    "member.joined": "tests/sso/test_arrival_places.py",
    "glass.broken": "tests/sso/test_require_sso.py",
    "domain.withdrawn": "tests/accounts/test_domains.py",
    "admin.refused": "tests/accounts/test_admin_sign_in.py",
    "endpoint.address_refused": "tests/webhooks/test_pausing.py",
    "connection.metadata_refused": "tests/sso/test_connections_refreshed.py",
}


def added_since(before: set[object]) -> list[str]:
    """The words of the rows that were not there before, in order; none is of a refusal."""
    rows = AuditRow.objects.exclude(pk__in=before).order_by("pk")
    assert {row.outcome for row in rows} <= {"success"}
    return [row.action for row in rows]


def there() -> set[object]:
    """The rows of the trail at this moment."""
    return set(AuditRow.objects.values_list("pk", flat=True))
