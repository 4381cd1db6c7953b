"""Final documents and a merge of units: none gets another unit's seal than the one it was made for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from casework.documents.drafts import withdraw_document
from casework.documents.seals import find_seal, make_seal
from casework.merging import merge_unit
from casework.unit_errors import MergeUnsealed
from integrity.local_time import chinese_day
from storage.catalog.organisation import Unit
from storage.seal_keys import SealKeys
from tests.casework.documents.conftest import NOTICE, OPERATOR, Office


def merge(office: Office, into: Unit) -> None:
    now = datetime.now(UTC)
    merge_unit(office.session, OPERATOR, office.unit.id, into.id, on=chinese_day(now), ground="批复", now=now)


def own_seal(office: Office, keys: SealKeys) -> None:
    make_seal(office.session, OPERATOR, keys, office.unit.id, "江北大队", datetime.now(UTC))


def test_a_final_document_that_waits_for_its_seal_keeps_the_merge_waiting_and_is_named(
    office: Office, seal_keys: SealKeys
) -> None:
    successor = office.archive.unit(office.bureau)
    office.seal_with(seal_keys)
    own_seal(office, seal_keys)
    office.finish()  # a record of an inquiry bears no seal
    final = office.finish("correction_notice", NOTICE)
    with pytest.raises(MergeUnsealed, match="责令改正") as refused:
        merge(office, successor)
    assert len(refused.value.papers) == 1
    assert (office.unit.ended_on, office.officer.unit_id) == (None, office.unit.id)
    withdraw_document(office.session, office.supervisor, final.document_id, "单位撤并，另行制作")
    merge(office, successor)
    assert office.unit.ended_into == successor.id


def test_where_the_seal_stays_the_same_nothing_waits(office: Office, seal_keys: SealKeys) -> None:
    """Both write in the bureau's name, and bear its seal."""
    seal = office.seal_with(seal_keys)
    successor = office.archive.unit(office.bureau)
    office.finish("correction_notice", NOTICE)
    merge(office, successor)
    now_counts = find_seal(office.session, office.unit.id)
    assert now_counts is not None
    assert now_counts.id == seal.id


def test_into_another_bureau_what_waits_for_this_ones_seal_is_named(office: Office, seal_keys: SealKeys) -> None:
    office.seal_with(seal_keys)
    office.finish("correction_notice", NOTICE)
    with pytest.raises(MergeUnsealed):
        merge(office, office.archive.unit())
