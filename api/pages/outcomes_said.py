"""What the linker made of a recording, in words: of one that lacks something, what that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from api.i18n import Translate
from api.words.durations import span_words
from api.words.recordings import LACKS, LINK_OUTCOMES
from casework.linking.looks import NO_DATA
from casework.linking.observation import what_lacks
from casework.recordings.answered import Seen, see
from storage.catalog.recordings import Recording

Outcomes = Sequence[tuple[Recording, str | None]]


def say_outcomes(session: Session, translate: Translate, outcomes: Outcomes) -> list[str | None]:
    """A sentence for each, in their order; None for one that was not looked at. The catalog is asked once for all."""
    lacking = see(session, [row for row, outcome in outcomes if outcome == NO_DATA])
    seen: Mapping[object, Seen] = {each.id: each for each in lacking}
    return [
        _say_lacks(translate, seen[row.id]) if outcome == NO_DATA else _say(translate, outcome)
        for row, outcome in outcomes
    ]


def _say(translate: Translate, outcome: str | None) -> str | None:
    return None if outcome is None else translate(LINK_OUTCOMES.get(outcome, outcome))


def _say_lacks(translate: Translate, recording: Seen) -> str | None:
    """Never what contradicts the row beside it: a time that is there and too vague is not called missing."""
    lacks = what_lacks(recording)
    if not lacks:
        return _say(translate, NO_DATA)
    span = span_words(recording.row.started_at_uncertainty_seconds or 0.0, translate)
    said = (translate(LACKS[each]).format(span=span) for each in lacks)
    return translate("{lacks}，无法自动关联案件").format(lacks=translate("；").join(said))
