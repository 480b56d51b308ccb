"""
Django's PostgreSQL engine with a breaker at the door of its pool: ``ENGINE = resilience.postgres``.

A thread that needs the database asks the gate (does the server answer at all?), then the pool
(is a connection free?), and each of its waits ends by itself: for a connection after
``DB_POOL_TIMEOUT``, for an answer a second after ``DB_STATEMENT_TIMEOUT``, in one request together
and not each time anew. While the gate is shut nothing waits.
"""
