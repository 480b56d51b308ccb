"""
The words of the trail: a subject and a past participle, with what each row must carry.

A new act is a new line here. What stands after the name are arguments of
``AuditService.record`` that a success must bring along, because a row without them answers no
question; refusals bring a reason and whatever is known.
"""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """One word of the vocabulary; ``needs`` names the arguments a success cannot do without."""

    needs: frozenset[str]

    def __new__(cls, name: str, *needs: str) -> Event:
        event = str.__new__(cls, name)
        event._value_ = name
        event.needs = frozenset(needs)
        return event

    USER_REGISTERED = "user.registered"
    USER_CREATED = "user.created"
    USER_IMPORTED = "user.imported"
    USER_VERIFIED = "user.verified"
    USER_UPDATED = "user.updated", "changes"
    USER_ERASURE_REQUESTED = "user.erasure_requested"
    USER_ERASURE_CANCELLED = "user.erasure_cancelled"
    USER_ERASED = "user.erased"
    USER_DEACTIVATED = "user.deactivated"
    USER_REACTIVATED = "user.reactivated"
    EMAIL_VERIFICATION_REQUESTED = "email.verification_requested"
    EMAIL_CHANGE_REQUESTED = "email.change_requested", "changes"
    EMAIL_CHANGED = "email.changed", "changes"
    EMAIL_RESTORED = "email.restored", "changes"

    MAGIC_LINK_REQUESTED = "magic_link.requested"
    SESSION_STARTED = "session.started", "session_id"
    SESSION_FACTOR_ASKED = "session.factor_asked"
    SESSION_REFUSED = "session.refused"
    SESSION_REFRESHED = "session.refreshed", "session_id"
    SESSION_REFRESH_REUSED = "session.refresh_reused", "session_id"
    SESSION_REAUTHENTICATED = "session.reauthenticated", "session_id"
    SESSION_ENDED = "session.ended", "session_id"
    LOCKOUT_REACHED = "lockout.reached"

    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - the name of an act
    PASSWORD_DROPPED = "password.dropped"  # noqa: S105
    PASSWORD_RESET_REQUESTED = "password.reset_requested"  # noqa: S105
    PASSWORD_RESET = "password.reset"  # noqa: S105

    FACTOR_ISSUED = "factor.issued"
    FACTOR_ADDED = "factor.added"
    FACTOR_REMOVED = "factor.removed"
    FACTORS_RESET = "factors.reset"
    RECOVERY_CODES_RENEWED = "recovery_codes.renewed"
    RECOVERY_CODE_USED = "recovery_code.used"

    TERMS_ACCEPTED = "terms.accepted", "changes"
    EXPORT_REQUESTED = "export.requested"
    EXPORT_TAKEN = "export.taken"
    TRAIL_EXPORT_REQUESTED = "trail_export.requested", "organization_id", "changes"
    TRAIL_EXPORT_TAKEN = "trail_export.taken", "organization_id"
    PASSKEY_ADDED = "passkey.added"
    PASSKEY_RENAMED = "passkey.renamed", "changes"
    PASSKEY_REMOVED = "passkey.removed"
    PASSKEY_CLONED = "passkey.cloned"
    ORGANIZATION_CREATED = "organization.created", "organization_id"
    ORGANIZATION_UPDATED = "organization.updated", "organization_id", "changes"
    ORGANIZATION_DELETED = "organization.deleted", "organization_id"
    ROLE_CREATED = "role.created", "organization_id", "changes"
    ROLE_UPDATED = "role.updated", "organization_id", "changes"
    ROLE_DELETED = "role.deleted", "organization_id"
    INVITATION_SENT = "invitation.sent", "organization_id", "changes"
    INVITATION_RESENT = "invitation.resent", "organization_id"
    INVITATION_REVOKED = "invitation.revoked", "organization_id"
    INVITATION_ACCEPTED = "invitation.accepted", "organization_id", "changes"
    MEMBER_UPDATED = "member.updated", "organization_id", "changes"
    MEMBER_REMOVED = "member.removed", "organization_id"
    MEMBER_CHANGED = "member.changed", "organization_id", "changes"
    MEMBER_DEACTIVATED = "member.deactivated", "organization_id"
    MEMBER_REACTIVATED = "member.reactivated", "organization_id"
    MEMBER_ERASED = "member.erased", "organization_id"
    DOMAIN_ADDED = "domain.added", "organization_id"
    DOMAIN_VERIFIED = "domain.verified", "organization_id"
    DOMAIN_DELETED = "domain.deleted", "organization_id"
    DOMAIN_WITHDRAWN = "domain.withdrawn", "organization_id"
    IDENTITY_LINKED = "identity.linked"
    IDENTITY_UNLINKED = "identity.unlinked"

    CONNECTION_CREATED = "connection.created", "organization_id", "changes"
    CONNECTION_UPDATED = "connection.updated", "organization_id", "changes"
    CONNECTION_DELETED = "connection.deleted", "organization_id"
    CONNECTION_TESTED = "connection.tested", "organization_id"
    CONNECTION_METADATA_CHANGED = "connection.metadata_changed", "organization_id", "changes"
    CONNECTION_METADATA_REFUSED = "connection.metadata_refused", "organization_id"
    GROUP_ROLES_CHANGED = "group_roles.changed", "organization_id", "changes"
    MEMBER_JOINED = "member.joined", "organization_id", "changes"
    GLASS_BROKEN = "glass.broken", "organization_id", "session_id"
    SERVICE_KEY_ROTATED = "service_key.rotated"
    SCIM_TOKEN_CREATED = "scim_token.created", "organization_id"
    SCIM_TOKEN_DELETED = "scim_token.deleted", "organization_id"
    SCIM_USER_CREATED = "scim_user.created", "organization_id"
    SCIM_USER_UPDATED = "scim_user.updated", "organization_id", "changes"
    SCIM_USER_DELETED = "scim_user.deleted", "organization_id"
    SCIM_GROUP_CREATED = "scim_group.created", "organization_id"
    SCIM_GROUP_UPDATED = "scim_group.updated", "organization_id", "changes"
    SCIM_GROUP_DELETED = "scim_group.deleted", "organization_id"

    API_KEY_CREATED = "api_key.created", "organization_id", "changes"
    API_KEY_UPDATED = "api_key.updated", "organization_id", "changes"
    API_KEY_ROTATED = "api_key.rotated", "organization_id", "changes"
    API_KEY_DELETED = "api_key.deleted", "organization_id"
    TOKEN_REVOKED = "token.revoked", "organization_id", "session_id"

    ENDPOINT_CREATED = "endpoint.created", "changes"
    ENDPOINT_UPDATED = "endpoint.updated", "changes"
    ENDPOINT_DELETED = "endpoint.deleted"
    ENDPOINT_SECRET_ROTATED = "endpoint.secret_rotated", "changes"
    ENDPOINT_ENABLED = "endpoint.enabled"
    ENDPOINT_PAUSED = "endpoint.paused", "changes"
    ENDPOINT_ADDRESS_REFUSED = "endpoint.address_refused"
    ENDPOINT_TESTED = "endpoint.tested"
    ENDPOINT_REDELIVERED = "endpoint.redelivered", "changes"

    SIGNING_KEY_ROTATED = "signing_key.rotated"
    AUDIT_KEY_ROTATED = "audit_key.rotated"
    TRAIL_TRUNCATED = "trail.truncated", "changes"

    ADMINISTRATOR_CREATED = "administrator.created"
    ADMIN_SIGNED_IN = "admin.signed_in"
    ADMIN_SIGNED_OUT = "admin.signed_out"
    ADMIN_REFUSED = "admin.refused"
    ADMIN_EXPORTED = "admin.exported", "changes"
    ADMIN_CHANGED = "admin.changed", "changes"

    CIRCUIT_FORCED_OPEN = "circuit.forced_open", "changes"
    CIRCUIT_FORCED_CLOSED = "circuit.forced_closed", "changes"
    CIRCUIT_RELEASED = "circuit.released", "changes"
    CIRCUIT_RESET = "circuit.reset", "changes"
    CIRCUIT_OUTAGE_REHEARSED = "circuit.outage_rehearsed", "changes"
