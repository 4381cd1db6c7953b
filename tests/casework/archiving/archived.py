"""Archiving a case, and being refused."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from casework.archiving.archives import archive_case
from casework.archiving.errors import NotArchivable
from casework.archiving.readiness import Wanted
from storage.catalog.archiving import CaseArchive
from storage.keystore import KeyStore
from tests.casework.archiving.conftest import ORDINARY
from tests.casework.procedure.conftest import Team


def refused(team: Team, wanted: Wanted, keys: KeyStore) -> list[str]:
    """The codes of what is missing; nothing was changed."""
    with pytest.raises(NotArchivable) as caught:
        archive_case(team.session, team.supervisor, team.case.id, wanted, keys)
    assert team.session.scalars(select(CaseArchive)).all() == []
    return [each.code for each in caught.value.missing]


def archived(team: Team, keys: KeyStore, wanted: Wanted = ORDINARY) -> CaseArchive:
    return archive_case(team.session, team.supervisor, team.case.id, wanted, keys)
