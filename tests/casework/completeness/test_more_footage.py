"""More footage never makes a case less complete: not one second of it, nor its verdict."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from casework.completeness.engine import (
    VERDICTS,
    Clock,
    Completeness,
    Demand,
    Explanation,
    Footage,
    judge_completeness,
)

STATES = ("missing", "doubtful", "covered")
LENGTH = 60
_moments = st.integers(-30, LENGTH + 30)
_spans = st.tuples(_moments, st.integers(0, 40)).map(lambda pair: (pair[0], pair[0] + pair[1]))
_clocks = st.one_of(st.none(), st.builds(Clock, st.integers(-5, 5), st.integers(0, 12)))
_held = st.one_of(st.none(), st.integers(0, 40))
_footage = st.builds(Footage, st.sampled_from("ABC"), _spans, _clocks, _held)
_explanations = st.builds(Explanation, _spans, st.booleans())
_more = st.lists(_footage, min_size=1, max_size=3)
_demands = st.builds(Demand, st.just((0, LENGTH)), st.integers(1, 3), st.integers(0, 15))


def states(found: Completeness) -> list[int]:
    return [STATES.index(each.state) for each in found.stretches for _ in range(*each.span)]


@settings(max_examples=400, deadline=None)
@given(
    _demands,
    st.lists(_footage, max_size=8),
    st.lists(_footage, min_size=1, max_size=3),
    st.lists(_explanations, max_size=3),
)
def test_more_footage_never_makes_it_worse(
    demand: Demand, footage: list[Footage], more: list[Footage], explanations: list[Explanation]
) -> None:
    before = judge_completeness(demand, footage, explanations)
    after = judge_completeness(demand, [*footage, *more], explanations)
    assert all(new >= old for old, new in zip(states(before), states(after), strict=True))
    assert VERDICTS.index(after.verdict) >= VERDICTS.index(before.verdict)


@settings(max_examples=200, deadline=None)
@given(_demands, st.lists(_footage, max_size=6), st.lists(_explanations, max_size=3), st.randoms())
def test_order_and_repeats_change_nothing(
    demand: Demand, footage: list[Footage], explanations: list[Explanation], chance: object
) -> None:
    found = judge_completeness(demand, footage, explanations)
    again = [*footage, *footage]
    chance.shuffle(again)  # type: ignore[attr-defined]
    assert judge_completeness(demand, again, explanations[::-1]) == found


@settings(max_examples=200, deadline=None)
@given(_demands, st.lists(_footage, max_size=6), st.lists(_explanations, max_size=3), _explanations)
def test_one_more_explanation_never_makes_it_worse(
    demand: Demand, footage: list[Footage], explanations: list[Explanation], more: Explanation
) -> None:
    before = judge_completeness(demand, footage, explanations)
    after = judge_completeness(demand, footage, [*explanations, more])
    assert states(after) == states(before)
    assert VERDICTS.index(after.verdict) >= VERDICTS.index(before.verdict)


def test_nothing_is_closed_where_there_is_nothing_on_one_side() -> None:
    """However short the act: without a picture it is missing, and so is its beginning before the first picture."""
    assert judge_completeness(Demand((0, 3), 1, 5), []).verdict == "incomplete"
    late = [Footage("A", (2, 60), Clock(0, 0))]
    assert states(judge_completeness(Demand((0, 60), 1, 5), late))[:3] == [0, 0, 2]
    # Another recorder that stopped a moment before the act began is the other side.
    both = [*late, Footage("B", (-50, -1), Clock(0, 0))]
    assert judge_completeness(Demand((0, 60), 1, 5), both).verdict == "complete"


def test_a_short_hole_between_files_of_one_clock_is_no_doubt_and_between_two_clocks_it_may_be() -> None:
    one_clock = [Footage("A", (-50, 30), Clock(0, 10)), Footage("A", (34, 200), Clock(0, 10))]
    assert judge_completeness(Demand((0, 60), 1, 5), one_clock).verdict == "complete"
    two_clocks = [one_clock[0], Footage("A", (34, 200), Clock(0, 9))]
    found = judge_completeness(Demand((0, 60), 1, 5), two_clocks)
    assert [(each.span, each.state) for each in found.stretches] == [
        ((0, 20), "covered"),
        ((20, 43), "doubtful"),
        ((43, 60), "covered"),
    ]


def test_a_worthless_clock_may_have_been_there_and_surely_was_not() -> None:
    found = judge_completeness(Demand((0, 60)), [Footage("A", (1_000_000, 1_000_001), None)])
    assert [each.state for each in found.stretches] == ["doubtful"]
    assert judge_completeness(Demand((0, 60)), [Footage("A", (5, 5), None)]).verdict == "incomplete"
    assert judge_completeness(Demand((0, 60), 2), [Footage("A", (0, 60), None)]).verdict == "incomplete"


def test_what_has_holes_may_show_it_and_does_not_for_sure() -> None:
    torn = Footage("A", (0, 60), Clock(0, 0), held=60)
    found = judge_completeness(Demand((0, 90)), [torn])
    assert [(each.span, each.state) for each in found.stretches] == [((0, 60), "doubtful"), ((60, 90), "missing")]
    whole = Footage("B", (10, 20), Clock(0, 0))
    found = judge_completeness(Demand((0, 60)), [torn, whole])
    assert [each.state for each in found.stretches] == ["doubtful", "covered", "doubtful"]
    assert judge_completeness(Demand((0, 60)), [Footage("A", (0, 60), Clock(0, 0), held=0)]).verdict == "incomplete"
