"""Sets of moments as sorted, disjoint, half-open spans of whole microseconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

Span = tuple[int, int]
"""From the first moment to the first that is outside."""
Spans = tuple[Span, ...]


def union(spans: Iterable[Span], hole: int = 0) -> Spans:
    """All moments of them; what lies between two and is no longer than `hole` belongs to them as well."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start - merged[-1][1] <= hole:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def shifted_always(spans: Spans, most: int) -> Spans:
    """The moments that stay inside wherever the whole is shifted to, by up to `most` either way."""
    return tuple((start + most, end - most) for start, end in spans if end - start > 2 * most)


def shifted_ever(spans: Spans, most: int) -> Spans:
    """The moments that are inside for some such shift."""
    return union((start - most, end + most) for start, end in spans)


def within_at_least(sets: Iterable[Spans], count: int) -> Spans:
    """The moments that are in `count` of the sets or more."""
    steps: dict[int, int] = {}
    for spans in sets:
        for start, end in spans:
            steps[start] = steps.get(start, 0) + 1
            steps[end] = steps.get(end, 0) - 1
    moments = sorted(steps)
    depths = accumulate(steps[moment] for moment in moments)
    return union(span for span, depth in zip(pairwise(moments), depths, strict=False) if depth >= count)


def cut(spans: Iterable[Span], start: int, end: int) -> Spans:
    """What of them is between `start` and `end`."""
    return tuple((max(a, start), min(b, end)) for a, b in spans if max(a, start) < min(b, end))


def pieces(start: int, end: int, sets: Sequence[Spans]) -> Iterable[tuple[Span, tuple[bool, ...]]]:
    """`start` to `end` in pieces, each with which of the sets it lies in; the sets change at no moment within one."""
    inside = [cut(spans, start, end) for spans in sets]
    edges = sorted({start, end, *(edge for spans in inside for span in spans for edge in span)})
    places = [0] * len(inside)
    for a, b in pairwise(edges):
        within = []
        for index, spans in enumerate(inside):
            while places[index] < len(spans) and spans[places[index]][1] <= a:
                places[index] += 1
            within.append(places[index] < len(spans) and spans[places[index]][0] <= a)
        yield (a, b), tuple(within)
