"""The one table of terms says of each kind what everybody needs of it: pages, publishing, documents."""

from __future__ import annotations

from api.words.deadlines import EVENT_KINDS as EVENT_WORDS
from api.words.deadlines import TERM_KINDS as TERM_WORDS
from casework.deadlines.events import EVENT_KINDS
from casework.deadlines.kinds import KINDS, terms_from
from casework.deadlines.listing import THE_PARTYS
from casework.documents.facts import FACTS
from casework.publication.collecting import KIND_OF_EVENT
from casework.publication.listing import TERMS
from casework.publication.stepping import TERM_OF
from storage.catalog.publication import PUBLICATION_KINDS


def test_each_kind_has_its_words_and_runs_from_an_event_that_can_be_entered() -> None:
    assert set(TERM_WORDS) == set(KINDS)
    assert set(EVENT_WORDS) == set(EVENT_KINDS)
    assert {kind.event for kind in KINDS.values() if kind.event is not None} == set(EVENT_KINDS)
    assert terms_from("penalty_decided") == ("publish_penalty", "service")
    assert len({kind.name_zh for kind in KINDS.values()}) == len(KINDS)


def test_whatever_is_published_has_its_event_and_its_term() -> None:
    assert set(TERM_OF) == set(KIND_OF_EVENT.values()) == set(PUBLICATION_KINDS)
    assert {kind: KINDS[term].event for kind, term in TERM_OF.items()} == {
        kind: event for event, kind in KIND_OF_EVENT.items()
    }
    assert set(TERMS) == {"publish_penalty", "publish_inspection", "withdraw"}


def test_a_term_that_is_the_partys_is_nobodys_default_and_documents_know_the_days_they_state() -> None:
    assert {"hearing_request"} == THE_PARTYS
    asked = {name.removeprefix("due_") for name in FACTS if name.startswith("due_")}
    assert asked == {"hearing_request", "hearing_notice", "preservation", "decision", "service"}
