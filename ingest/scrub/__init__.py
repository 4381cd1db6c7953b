"""巡检 (scrub): every stored object is read from its medium, time and again, and held against what was signed.

Whose turn it is: turns.py; what is leased just now: hand.py. What an object has to be: stated.py. One look: look.py, of
small ones side_by_side.py. What is concluded of it: scrubber.py and conclusion.py. How fast: throttle.py. What stands
now: standing.py. docs/scrub.md says what each finding means.
"""
