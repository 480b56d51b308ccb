"""
What Plinto does when a dependency is slow, gone or lying.

Owns the circuit breakers, the one door to Redis, the cache and its fallback, copies of security
facts, counters and rate limits, leases and the worker, and the health pages. Its doors are
``resilience.breakers``, ``resilience.copies``, ``resilience.counters``, ``resilience.throttling``
and Django's cache; nothing above may import redis.

A cached read goes cache → door (is the circuit closed?) → guarded pool → Redis, and its outcome
comes back through the pool to the breaker. When the door is shut the fallback answers instead,
or nobody does: each caller says which, because a fallback value is a security decision.
"""
