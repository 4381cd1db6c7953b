"""What anybody finds on the portal: by an index of trigrams over what is public of a text, and over nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from casework.publication.collecting import Said, restate
from casework.publication.listing import list_publications
from casework.publication.portal import Asked, list_public
from casework.search.sought import doubled
from storage.catalog.publication import PublicationVersion
from tests.casework.publication.press import CITIZEN, Press, make_press
from tests.casework.review.conftest import make_bench


@pytest.fixture
def press(session: Session, archive: Any) -> Press:
    return make_press(make_bench(session, archive))


def find(press: Press, query: str) -> list[Any]:
    press.session.flush()
    return [each.id for each in list_public(press.session, Asked(query)).items]


def test_a_person_is_found_neither_by_name_nor_by_what_the_reviewers_read(press: Press) -> None:
    version = press.published(press.issued(**CITIZEN))
    press.session.flush()
    (sought,) = press.session.scalars(select(PublicationVersion.sought))
    assert version.party_full == "张三丰"
    assert doubled("三丰") not in sought
    assert doubled("张某") in sought
    assert find(press, "张三丰") == []
    assert find(press, "某某") == [version.publication_id]
    assert list_publications(press.session, press.publisher, query="三丰").items == ()


def test_what_is_not_public_yet_is_found_by_the_unit_alone(press: Press) -> None:
    version = press.published()
    corrected = restate(
        press.session,
        press.collector,
        version.publication_id,
        Said(conclusion="责令改正，予以警告，处以罚款五十元整"),
        "写全",
        datetime.now(UTC),
        former=version.id,
    )
    assert find(press, "五十元整") == []
    (found,) = list_publications(press.session, press.publisher, query="五十元整").items
    assert found.row.id == version.publication_id
    press.let_pass(corrected)
    press.publish(corrected)
    assert find(press, "五十元整") == [version.publication_id]


@pytest.mark.parametrize("query", ["某建", "ＸＸ", "%", "建 "])
def test_one_run_of_signs_is_looked_for_and_wildcards_are_signs(press: Press, query: str) -> None:
    version = press.published()
    expected = [version.publication_id] if query.strip() in version.party else []
    assert find(press, query) == expected


def test_two_signs_are_something_that_its_index_can_find(session: Session) -> None:
    session.execute(text("SET LOCAL enable_seqscan = off"))
    statement = "EXPLAIN SELECT id FROM publication_version WHERE sought LIKE '%火火锅锅%'"
    assert "ix_publication_version_sought" in "\n".join(session.execute(text(statement)).scalars())
