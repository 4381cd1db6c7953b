"""A stored object: what it has to be (stated.py), and one look at it (look.py; of small ones side_by_side.py).

How often it has to be found wanting, and what its store has to be for that to count: believing.py. How fast it is read:
throttle.py; how many at once: batches.py. Scrubbing, the replica and backups go by these.
"""
