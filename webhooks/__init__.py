"""
Webhooks: the public face of the audit trail, delivered at least once.

Reserved: nothing is built here yet. It will read the trail and never be called by a request.
"""
