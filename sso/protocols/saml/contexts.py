"""How somebody proved themselves at their provider, in the words of RFC 8176."""

from __future__ import annotations

from collections.abc import Iterable

_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
_MICROSOFT = "http://schemas.microsoft.com/claims/"
# Microsoft Entra ID tells of a second factor here, and of the password as the context's class.
METHODS_ATTRIBUTE = f"{_MICROSOFT}authnmethodsreferences"

# SAML Authentication Context, section 3.4, as far as a class says anything of a method.
_METHODS = {
    f"{_CLASSES}Password": "pwd",
    f"{_CLASSES}PasswordProtectedTransport": "pwd",
    f"{_CLASSES}X509": "pop",
    f"{_CLASSES}TLSClient": "pop",
    f"{_CLASSES}SoftwarePKI": "swk",
    f"{_CLASSES}Smartcard": "sc",
    f"{_CLASSES}SmartcardPKI": "sc",
    f"{_CLASSES}TimeSyncToken": "otp",
    f"{_CLASSES}MobileTwoFactorContract": "mfa",
    f"{_CLASSES}MobileTwoFactorUnregistered": "mfa",
    "urn:federation:authentication:windows": "wia",
    "https://refeds.org/profile/mfa": "mfa",
    f"{_MICROSOFT}multipleauthn": "mfa",
}


def methods(words: Iterable[str]) -> tuple[str, ...]:
    """Translate classes of contexts; one that says nothing of a method yields nothing."""
    return tuple(dict.fromkeys(_METHODS[word] for word in words if word in _METHODS))
