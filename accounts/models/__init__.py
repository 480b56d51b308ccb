"""Rows of accounts and their invariants; what is done with them is in ``accounts.services``."""

from accounts.models.address_change import AddressChange, UndoLink
from accounts.models.api_key import ApiKey
from accounts.models.consent import TermsConsent
from accounts.models.domain import OrganizationDomain
from accounts.models.factor import AuthenticatorApp, PendingSignIn, RecoveryCode
from accounts.models.identity import Identity, ProviderSignIn
from accounts.models.mail import OutboundMail
from accounts.models.mailed_link import MagicLink, PasswordLink
from accounts.models.organization import Invitation, Membership, Organization, Role
from accounts.models.passkey import Passkey, PasskeyChallenge
from accounts.models.privacy import DataExport
from accounts.models.proof import MailboxProof, Registration
from accounts.models.session import Session
from accounts.models.signing_key import SigningKey
from accounts.models.user import User

__all__ = [
    "AddressChange",
    "ApiKey",
    "AuthenticatorApp",
    "DataExport",
    "Identity",
    "Invitation",
    "MagicLink",
    "MailboxProof",
    "Membership",
    "Organization",
    "OrganizationDomain",
    "OutboundMail",
    "Passkey",
    "PasskeyChallenge",
    "PasswordLink",
    "PendingSignIn",
    "ProviderSignIn",
    "RecoveryCode",
    "Registration",
    "Role",
    "Session",
    "SigningKey",
    "TermsConsent",
    "UndoLink",
    "User",
]
