"""
The trail of what happened: who did what to whom, from where, and how it ended.

Doors: ``audit.services.record`` writes, Django admin reads. Whoever acts describes the act with a
word of ``audit.events`` and the parties of ``audit.parties``; the row is written in the
transaction of the act, so there is no act without its row and no row without its act. A refusal
is written outside the transaction it refuses. Rows hold ids and labels as they were and no
foreign keys, so nothing that is deleted later takes its history along.
"""
