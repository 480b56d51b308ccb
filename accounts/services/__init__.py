"""
Use cases of accounts, one subject a file.

Each takes ``origin`` and ``now`` from its caller, authorises, acts in one transaction, and
records what happened in the audit trail inside that transaction; a refusal is recorded outside.
"""
