"""How much of an act nobody can have recorded, wherever the clocks put the footage: it is not long enough.

The engine judges moment by moment, and a file without a time may have been made at any of them: five seconds of it put
a whole hour in doubt. But five seconds are five seconds. What all footage together cannot fill is missing, though
nobody can say where.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from casework.completeness.engine import Demand, Explanation, Footage
from casework.completeness.spans import cut, union


def shortfall(demand: Demand, footage: Sequence[Footage], explanations: Sequence[Explanation]) -> int:
    """Microseconds of the act that are neither recorded nor explained in any world; 0 where one may hold it all.

    Never more than is missing: each file counts with all its length, also two that look alike (files without a time
    have nothing to tell them apart by), one with holes with as much as there is of it, and each closes a hole of the
    allowed gap. Explanations count that were confirmed.
    """
    start, end = demand.span
    explained = cut(union(each.span for each in explanations if each.confirmed), start, end)
    unexplained = end - start - sum(last - first for first, last in explained)
    if unexplained <= 0:
        return 0
    lengths: dict[str, int] = defaultdict(int)
    for each in footage:
        lengths[each.device] += each.most
    held = sum(min(length, end - start) for length in lengths.values()) // demand.devices
    return max(0, unexplained - held - len(footage) * demand.allowed_gap)
