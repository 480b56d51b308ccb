"""
SAML 2.0, as a service provider: bytes come in, facts or a refusal go out.

Nothing here knows a database, a request, or a clock of its own. What comes is opened by
``documents`` (bounded, one parser), judged in its form by ``precheck`` before any cryptography,
verified by ``library`` (python3-saml, the only module that calls it), and read by ``assertions``,
``conditions``, ``subjects`` and ``attributes`` from the very tree whose signature held.
``checks`` lists what is asked in the order in which it is asked.

Doors: ``requests`` and ``assertions`` for signing in, ``logout`` for signing out, ``metadata`` for
what both sides publish.
"""
