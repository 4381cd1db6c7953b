"""巡检 (scrub): every stored object is read from its medium, time and again, and held against what was signed.

Whose turn it is: due.py; what is leased just now: hand.py. One look at an object, and what it has to be:
ingest/objects. What is concluded of it: scrubber.py and conclusion.py; how it comes back: healing.py. What stands now:
standing.py. docs/scrub.md says what each finding means.
"""
