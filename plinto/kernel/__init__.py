"""
What every app may use and what knows none of them.

Owns the exception tree, the one error shape, request ids, the origin of a request, logs,
identifiers, strict request bodies, cursor pages and the service registry.
"""
