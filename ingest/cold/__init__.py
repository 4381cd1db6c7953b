"""冷存储: originals that are old and little looked at lie in a second, cheaper place, and come back when asked for.

What is known of the place itself: place.py. Whether an object was moved there: whereabouts.py. Whose turn it is:
due.py. Moving one and bringing one back: mover.py. What is recorded of it: record.py. What stands now: standing.py.
docs/cold.md says more, docs/decisions/0032-cold-originals.md why.
"""
