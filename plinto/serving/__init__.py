"""
The web server: a master, its processes, and what stands between granian and the application.

``options`` reads the variables. ``master`` opens the addresses, starts the processes, replaces
those that end, and stops them in order. ``process`` is one of them: it serves with granian, tells
balancers when it is asked to stop, and ``watch`` ends requests that take too long. ``gateway``
hands each request to the WSGI application, ``cores`` keeps its threads on one core, ``streaming``
sends long answers, and ``connections`` hangs up on a client.

granian's own gate to WSGI is not used (ADR 0019): it merges headers that differ only in ``_`` and
``-``, so that a client could write what only a trusted proxy may say; it does not tell the port
of the client, without which nobody can be hung up on; and a thread waits for each slow body.
"""
