"""留痕's proofs: digests, manifests, signatures, time stamps, the ledger's algebra, and the offline verifier.

Nothing here knows a database, a server or a network store, so that whoever doubts the archive can run it without one.
"""
