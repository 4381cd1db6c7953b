"""副本存储: every stored object is copied to a second store, and each of the two is healed from the other.

What is known of the second store itself: mark.py. Whose turn it is: due.py. One object on its way: carriage.py. What
is done with one after the other: replicator.py. What is recorded of it: record.py. What stands now: standing.py.
docs/replication.md says more, docs/decisions/0025-replica.md why.
"""
