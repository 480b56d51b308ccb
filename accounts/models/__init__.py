"""Rows of accounts and their invariants; what is done with them is in ``accounts.services``."""

from accounts.models.api_key import ApiKey
from accounts.models.factor import AuthenticatorApp, PendingSignIn, RecoveryCode
from accounts.models.mail import OutboundMail
from accounts.models.organization import Invitation, Membership, Organization, Role
from accounts.models.proof import MailboxProof, PasswordLink, Registration
from accounts.models.session import Session
from accounts.models.signing_key import SigningKey
from accounts.models.user import User

__all__ = [
    "ApiKey",
    "AuthenticatorApp",
    "Invitation",
    "MailboxProof",
    "Membership",
    "Organization",
    "OutboundMail",
    "PasswordLink",
    "PendingSignIn",
    "RecoveryCode",
    "Registration",
    "Role",
    "Session",
    "SigningKey",
    "User",
]
