"""Documents fill the stages of a case, stand in its catalogue, and are sealed no more once it is archived."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.engines.roles import DatabaseAddresses
from casework.archiving.archives import archive_case
from casework.archiving.catalogues import catalogues_of
from casework.archiving.contents import contents_of
from casework.archiving.errors import NotArchivable
from casework.archiving.readiness import Wanted
from casework.archiving.retention_rules import load_shipped_retention
from casework.closing import close_case
from casework.documents.drafts import withdraw_document
from casework.documents.sealing import prepare_sealing, record_sealing
from casework.errors import CaseArchived
from casework.linking.by_hand import link_by_hand
from integrity.catalogue import DOCUMENT, parse_catalogue
from storage.database import Database
from storage.keystore import KeyStore
from storage.seal_keys import SealKeys
from tests.casework.documents.conftest import NOTICE, Office, make_office
from tests.casework.sample_archive import REVIEW_KEYS

EARLY = Wanted("ordinary", "permanent", "经查无违法事实，撤销案件")


@pytest.fixture
def seal_keys(tmp_path: Path) -> SealKeys:
    (tmp_path / "signing").mkdir(mode=0o700)
    return SealKeys(tmp_path / "signing" / "seals")


@pytest.fixture
def office(session: Any, archive: Any) -> Office:
    load_shipped_retention(session, datetime.now(UTC))
    return make_office(session, archive)


def test_a_final_document_fills_its_stage_and_a_draft_or_a_withdrawn_one_does_not(office: Office) -> None:
    office.begin()
    assert contents_of(office.session, office.case) == ()
    final = office.finish()
    (item,) = contents_of(office.session, office.case)
    assert (item.kind, item.stage, item.id) == (DOCUMENT, "investigation", final.document_id)
    assert (item.sha256.value if item.sha256 else None, item.size_bytes) == (final.sha256, final.size_bytes)
    assert (item.day, item.responsible) == (final.dated_on, office.officer.name)
    withdraw_document(office.session, office.supervisor, final.document_id, "记录有误")
    assert contents_of(office.session, office.case) == ()


def test_a_document_is_listed_in_the_catalogue_and_sealed_no_more(
    office: Office, keys: KeyStore, seal_keys: SealKeys
) -> None:
    office.seal_with(seal_keys)
    final = office.finish("correction_notice", NOTICE)
    close_case(office.session, office.supervisor, office.case.id, "撤销案件")
    with pytest.raises(NotArchivable) as caught:
        archive_case(office.session, office.supervisor, office.case.id, EARLY, keys)
    assert [each.stages for each in caught.value.missing] == [("initiation",)]
    prepared = prepare_sealing(office.session, office.supervisor, final.document_id, datetime.now(UTC), REVIEW_KEYS)
    _fill_initiation(office)
    archive_case(office.session, office.supervisor, office.case.id, EARLY, keys)
    items = parse_catalogue(catalogues_of(office.session, office.case.id)[0].content).items
    listed = {each.id: each for each in items if each.kind == DOCUMENT}
    assert listed[final.document_id].sha256 is not None
    with pytest.raises(CaseArchived):
        record_sealing(
            office.session, office.supervisor, prepared, final.pdf + b"x", datetime.now(UTC), None, REVIEW_KEYS
        )


def _fill_initiation(office: Office) -> None:
    """A recording that is kept for ever already, so that no key has to be wrapped anew."""
    recording = office.archive.recording(office.unit, retention_class="permanent", retain_until=None)
    said = {"recording_id": recording.id, "case_id": office.case.id, "stage": "initiation", "reason": "同一现场"}
    link_by_hand(office.session, office.officer, **said)


def test_raw_sql_seals_nothing_in_an_archived_case(
    database: Database, addresses: DatabaseAddresses, archive_in: Any, keys: KeyStore, seal_keys: SealKeys
) -> None:
    with database.transaction() as session:
        load_shipped_retention(session, datetime.now(UTC))
        office = make_office(session, archive_in(session))
        seal = office.seal_with(seal_keys)
        final = office.finish("correction_notice", NOTICE)
        close_case(session, office.supervisor, office.case.id, "撤销案件")
        _fill_initiation(office)
        archive_case(session, office.supervisor, office.case.id, EARLY, keys)
    said = {"unit": office.unit.id, "case": office.case.id, "document": final.document_id, "final": final.id}
    said |= {"seal": seal.id, "pdf": final.pdf + b"x", "by": office.supervisor.id}
    with (
        psycopg.connect(addresses.worker, autocommit=True) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match="is archived"),
    ):
        connection.execute(
            "INSERT INTO sealed_document (id, unit_id, case_id, document_id, final_id, seal_id, pdf, sha256,"
            " size_bytes, sealed_by, sealed_at) VALUES (gen_random_uuid(), %(unit)s, %(case)s, %(document)s,"
            " %(final)s, %(seal)s, %(pdf)s, sha256(%(pdf)s), octet_length(%(pdf)s), %(by)s, now())",
            said,
        )
