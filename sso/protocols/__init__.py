"""Bytes in, facts out: SAML over python3-saml, OpenID Connect over joserfc."""
