"""Attempts to issue an in-scope decision without a valid pass. Each prepares what is allowed, and gives the last step.

`CONDITIONS` says which line of the gate's functions each of them runs into: test_the_gate.py takes that line out,
and sees the step succeed.
"""

from tests.casework.review.attempts import (
    afterwards,
    committee,
    issue_rows,
    measures,
    opinions,
    papers,
    publishing,
    reviewers,
    roundabout,
    scope,
    services,
    telling,
)
from tests.casework.review.attempts.known import ATTEMPTS, CONDITIONS, Strike, issue, passed
from tests.casework.review.attempts.tightening import TIGHT, rules_elsewhere

__all__ = ["ATTEMPTS", "CONDITIONS", "TIGHT", "Strike", "issue", "passed", "rules_elsewhere"]
KINDS = (
    *(issue_rows, reviewers, opinions, scope, afterwards, papers, services, committee, publishing, roundabout),
    telling,
    measures,
)
"""In this order, each by being imported, they make the list."""
