"""
Single sign-on: SAML, OpenID Connect and SCIM connections of organizations.

A browser goes out by a login door with a row that only it can come back to. ``protocols`` turns
what an identity provider sends into facts, or refuses it; ``services.arrivals`` hands facts to
accounts, which finds or makes the account and gives the browser a code to exchange for a session.
Whatever may be spent once (requests, assertions, codes) is a row of the database.

Doors: ``urls`` for browsers (/sso) and for members who manage connections, ``scim`` for an
identity provider that provisions, Django admin. What accounts asks of connections it asks of
``accounts.services.federation.SSOService``, whose implementation is ``services.federation``.
"""
