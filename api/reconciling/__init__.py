"""对账: whether the objects that are stored, the rows that name them and the ledger's entries are of the same things.

Nothing is read of what is stored but names, sizes and versions. merge.py brings together what is sorted, each part says
what it suspects, and looks once more after a pause (suspicions.py): what is under way meanwhile is no mismatch. What
each finding means is in codes.py, and in docs/reconcile.md. Nothing is changed by it, whatever it finds.
"""
