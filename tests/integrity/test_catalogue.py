"""The catalogue of an archived case: one spelling, read strictly."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from integrity.catalogue import NOTE, RECORDING, Catalogue, CatalogueItem, parse_catalogue
from integrity.digest import Digest
from integrity.errors import MalformedEvidence

FILM = CatalogueItem(
    stage="investigation",
    kind=RECORDING,
    id=UUID(int=11, version=4),
    title="AB00001_000123_20260309080000.MP4",
    day=date(2026, 3, 9),
    responsible="周洁（000123）",
    duration_ms=61_500,
    size_bytes=73_400_320,
    sha256=Digest.of("sha256", b"film"),
)
WORDS = CatalogueItem(
    stage="execution", kind=NOTE, id=None, title="撤销案件", day=date(2026, 3, 10), responsible="何磊"
)
SAMPLE = Catalogue(
    version=1,
    made_at=datetime(2026, 3, 10, 8, 0, tzinfo=UTC),
    made_by="何磊",
    reason=None,
    unit_code="JC-08",
    unit_name="第八执法大队",
    case={
        "case_id": str(UUID(int=7, version=4)),
        "number": "江综执罚〔2026〕第8号",
        "title": "占道经营",
        "kind": "penalty",
        "procedure": "ordinary_penalty",
        "opened_at": "2026-03-09T01:00:00.000000Z",
        "closed_at": None,
    },
    secrecy_class="ordinary",
    retention_class="permanent",
    items=(FILM, WORDS),
)


def test_what_is_written_is_read_again() -> None:
    assert parse_catalogue(SAMPLE.to_bytes()) == SAMPLE


def test_the_same_catalogue_has_the_same_bytes() -> None:
    assert replace(SAMPLE, items=(FILM, WORDS)).to_bytes() == SAMPLE.to_bytes()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("v", 2),
        ("version", -1),
        ("made_at", "2026-03-10"),
        ("case_id", "7"),
        ("reason", 7),
        ("items", {}),
        ("more", 1),
    ],
)
def test_another_form_is_refused(name: str, value: object) -> None:
    said = json.loads(SAMPLE.to_bytes()) | {name: value}
    with pytest.raises(MalformedEvidence):
        parse_catalogue(json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("item", 2),
        ("kind", "film"),
        ("sha256", None),
        ("sha256", "00"),
        ("size_bytes", None),
        ("id", None),
        ("date", "2026-3-9"),
        ("duration_ms", 1.5),
        ("pages", -1),
    ],
)
def test_another_form_of_an_item_is_refused(name: str, value: object) -> None:
    said = json.loads(SAMPLE.to_bytes())
    said["items"][0] |= {name: value}
    with pytest.raises(MalformedEvidence):
        parse_catalogue(json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())


def test_bytes_in_another_spelling_are_refused() -> None:
    with pytest.raises(MalformedEvidence):
        parse_catalogue(json.dumps(json.loads(SAMPLE.to_bytes()), ensure_ascii=False).encode())
