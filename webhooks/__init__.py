"""
Webhooks: the public face of the audit trail, delivered at least once.

An act is recorded in the trail and nowhere else. The worker seals the trail into chains without
gaps, and each endpoint remembers how far into its chains it has read: ``services.fanout`` turns
what lies beyond into deliveries, ``services.deliveries`` leases them and sends them. No request
calls anything here to tell of an event, so none is slowed down and none can be forgotten.

Doors: ``urls`` for an organization's own endpoints, Django admin for the deployment's.
``catalogue`` is the one list of what is told, ``signature`` how it is signed.
"""
