"""
SCIM 2.0 (RFC 7643, 7644) as an identity provider speaks it: below /scim/v2, with a token.

``reading`` turns what is sent into values or refuses it, ``filters`` into conditions, ``users``,
``groups`` and ``documents`` know the resources, ``errors`` tells every refusal in SCIM's shape.
"""
