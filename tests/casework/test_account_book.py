"""The book of enforcement leaves the archive by an entry, whoever takes it and whichever list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.account_book import take_book
from casework.errors import RoleNotAllowed, WordUnknown


def test_taking_the_book_is_an_entry_and_brings_what_was_asked_for(session: Session, archive: Any) -> None:
    unit = archive.unit()
    supervisor, officer = archive.person(unit, "supervisor"), archive.person(unit, "officer")
    case, year = archive.case(officer), datetime.now(UTC).year
    for name, cases in (("cases", [case]), ("documents", []), ("book", [case])):
        taken = take_book(session, supervisor, name, case.opened_at.year)
        assert [line.case for line in taken.cases] == cases
        assert list(taken.documents) == []
        entry = archive.last_entry("case.book_taken")
        assert (entry.actor_id, entry.subject_id) == (str(supervisor.id), str(unit.id))
        assert entry.data == {"list": name, "year": case.opened_at.year}
    assert len(archive.entries("case.book_taken")) == 3
    with pytest.raises(RoleNotAllowed):
        take_book(session, officer, "cases", year)
    with pytest.raises(WordUnknown):
        take_book(session, supervisor, "people", year)
    assert len(archive.entries("case.book_taken")) == 3
