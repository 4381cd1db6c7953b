"""What is added to an archived case."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from casework.archiving.archives import supplement_archive
from casework.archiving.catalogues import catalogues_of
from casework.archiving.errors import NotArchived, NothingAdded
from casework.errors import RoleNotAllowed, TextUnusable, WordUnknown
from casework.linking.errors import AlreadyLinked
from integrity.catalogue import parse_catalogue
from storage.catalog.casework import CaseLink
from storage.keystore import KeyStore
from tests.casework.archiving.archived import archived
from tests.casework.procedure.conftest import Team


def test_a_supplement_adds_a_version_beside_the_first(closed: Team, recorded: Any, keys: KeyStore) -> None:
    archived(closed, keys)
    before = catalogues_of(closed.session, closed.case.id)[0]
    first = bytes(before.content)
    late = recorded(closed)
    made = supplement_archive(
        closed.session, closed.supervisor, closed.case.id, [(late.id, "investigation")], "存储卡修复后取得", keys
    )
    versions = catalogues_of(closed.session, closed.case.id)
    assert [row.version for row in versions] == [1, 2]
    assert (versions[0].content, made.reason) == (first, "存储卡修复后取得")
    items = parse_catalogue(made.content).items
    assert late.id in {each.id for each in items}
    assert {each.id for each in parse_catalogue(first).items} < {each.id for each in items}
    assert (late.retention_class, late.retain_until) == ("permanent", None)
    entry = closed.archive.last_entry("case.archive_supplemented")
    assert (entry.data["version"], entry.data["catalogue_sha256"]) == (2, made.sha256.hex())
    assert closed.archive.last_entry("recording.linked").subject_id == str(late.id)


def test_a_supplement_needs_a_recording_a_reason_and_an_archive(closed: Team, recorded: Any, keys: KeyStore) -> None:
    late = recorded(closed)

    def supplement(recordings: Any, reason: str = "迟到", by: Any = closed.supervisor) -> Any:
        return supplement_archive(closed.session, by, closed.case.id, recordings, reason, keys)

    with pytest.raises(NotArchived):
        supplement([(late.id, "investigation")])
    archived(closed, keys)
    linked = closed.session.scalars(select(CaseLink.recording_id).where(CaseLink.case_id == closed.case.id)).first()
    assert linked is not None
    for recordings, error in (
        ([], NothingAdded),
        ([(late.id, "investigation"), (late.id, "decision")], NothingAdded),
        ([(late.id, "afterwards")], WordUnknown),
        ([(linked, "investigation")], AlreadyLinked),
    ):
        with pytest.raises(error):
            supplement(recordings)
    with pytest.raises(TextUnusable):
        supplement([(late.id, "investigation")], " ")
    with pytest.raises(RoleNotAllowed):
        supplement([(late.id, "investigation")], by=closed.officer)
    assert len(catalogues_of(closed.session, closed.case.id)) == 1
