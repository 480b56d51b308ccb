"""
The forms that identity providers post, as the OpenAPI document shows them.

What else is in one is ignored, and what is missing is refused where it is read: providers are not
answered field by field.
"""

from __future__ import annotations

from plinto.kernel.serializers import Body, Text


class SAMLResponseForm(Body):
    SAMLResponse = Text(help_text="Base64 of a SAML response.")
    RelayState = Text(required=False, max_length=100, help_text="As it was sent to the provider.")


class SAMLLogoutForm(Body):
    SAMLRequest = Text(required=False, help_text="Base64 of a signed LogoutRequest.")
    SAMLResponse = Text(required=False, help_text="Base64 of a signed LogoutResponse.")
    RelayState = Text(required=False, help_text="As it was sent, or is to be sent back.")


class LogoutTokenForm(Body):
    logout_token = Text(help_text="A logout token, signed by the provider.")
