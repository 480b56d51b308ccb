"""
Single sign-on: SAML, OpenID Connect and SCIM connections of organizations.

Reserved: nothing is built here yet. It will sit beside webhooks, above accounts, and reach
accounts through its services only.
"""
