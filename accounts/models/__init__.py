"""Rows of accounts and their invariants; what is done with them is in ``accounts.services``."""

from accounts.models.factor import AuthenticatorApp, PendingSignIn, RecoveryCode
from accounts.models.identity import Identity, ProviderSignIn
from accounts.models.mail import OutboundMail
from accounts.models.proof import MailboxProof, PasswordLink, Registration
from accounts.models.session import Session
from accounts.models.signing_key import SigningKey
from accounts.models.user import User

__all__ = [
    "AuthenticatorApp",
    "Identity",
    "MailboxProof",
    "OutboundMail",
    "PasswordLink",
    "PendingSignIn",
    "ProviderSignIn",
    "RecoveryCode",
    "Registration",
    "Session",
    "SigningKey",
    "User",
]
