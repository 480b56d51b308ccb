"""
People and how they prove who they are: addresses, passwords, sessions, tokens, keys.

Doors: ``accounts.urls`` for the REST API, ``accounts.admin`` for administrators, and
``accounts.services`` for the apps above. A sign-in goes view → ``services.sign_in`` →
``services.attempts`` (may it be tried?) → ``services.passwords`` (is it right?) →
``services.sessions``, the one module that opens a session, whatever the way in. It opens none for
somebody who has a second factor: that sign-in waits until ``services.second_step`` completes it.
"""
