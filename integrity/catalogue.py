"""The catalogue of an archived case (卷内目录): what the case holds, in order, each item known by its digest.

Format: docs/formats/catalogue.md. It is made once, kept as bytes, and the ledger's entry names their SHA-256: a later
name of the unit, or a person's, changes nothing in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from integrity.canonical import Json, canonical_json, parse_canonical
from integrity.digest import Digest
from integrity.errors import MalformedEvidence
from integrity.fields import Fields, format_instant, optional_text

VERSION: Final = 1
RECORDING: Final = "recording"
DOCUMENT: Final = "document"
NOTE: Final = "note"
KINDS: Final = (RECORDING, DOCUMENT, NOTE)
"""A recording and a document are files with digests; a note is words that stand where there is no file."""

_WHAT: Final = "catalogue"
_ITEM: Final = (
    "item",
    "stage",
    "kind",
    "id",
    "title",
    "date",
    "responsible",
    "pages",
    "duration_ms",
    "size_bytes",
    "sha256",
)
_CASE: Final = ("case_id", "number", "title", "kind", "procedure", "opened_at", "closed_at")
_NAMES: Final = (
    *("v", "version", "made_at", "made_by", "reason", "unit_code", "unit_name"),
    *(*_CASE, "secrecy_class", "retention_class", "items"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueItem:
    """One line. Its number is its place, from 1.

    `day`: when it was made, as a Chinese calendar has it; `responsible`: who made it, by name, as far as known.
    `pages` of text, `duration_ms` of footage; size and digest of the file, which a note does not have.
    """

    stage: str
    kind: str
    id: UUID | None
    title: str
    day: date | None
    responsible: str | None
    pages: int | None = None
    duration_ms: int | None = None
    size_bytes: int | None = None
    sha256: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One version of what a case holds. `reason`: of a supplement, None of the first version.

    `case` has the members of the case as they were then: case_id, number, title, kind, procedure, opened_at, closed_at.
    """

    version: int
    made_at: datetime
    made_by: str
    reason: str | None
    unit_code: str
    unit_name: str
    case: Mapping[str, Json]
    secrecy_class: str
    retention_class: str
    items: tuple[CatalogueItem, ...]

    @property
    def case_id(self) -> str:
        return str(self.case["case_id"])

    def to_bytes(self) -> bytes:
        """Canonical. Raises MalformedEvidence for what could not be read again."""
        content = canonical_json(
            {
                "v": VERSION,
                "version": self.version,
                "made_at": format_instant(self.made_at),
                "made_by": self.made_by,
                "reason": self.reason,
                "unit_code": self.unit_code,
                "unit_name": self.unit_name,
                **{name: self.case[name] for name in _CASE},
                "secrecy_class": self.secrecy_class,
                "retention_class": self.retention_class,
                "items": [_form(number, each) for number, each in enumerate(self.items, 1)],
            },
            _WHAT,
        )
        parse_catalogue(content)
        return content


def parse_catalogue(content: bytes, what: str = _WHAT) -> Catalogue:
    """Read a catalogue's bytes. Raises MalformedEvidence."""
    fields = Fields(what, parse_canonical(content, what), _NAMES)
    fields.constant("v", VERSION)
    items = tuple(_parse_item(number, each, what) for number, each in enumerate(fields.items("items"), 1))
    return Catalogue(
        version=fields.count("version"),
        made_at=fields.instant("made_at"),
        made_by=fields.text("made_by"),
        reason=optional_text(fields.value("reason"), f"{what}: reason"),
        unit_code=fields.text("unit_code"),
        unit_name=fields.text("unit_name"),
        case={"case_id": str(fields.uuid("case_id")), **{name: fields.value(name) for name in _CASE[1:]}},
        secrecy_class=fields.text("secrecy_class"),
        retention_class=fields.text("retention_class"),
        items=items,
    )


def _form(number: int, item: CatalogueItem) -> dict[str, Json]:
    return {
        "item": number,
        "stage": item.stage,
        "kind": item.kind,
        "id": None if item.id is None else str(item.id),
        "title": item.title,
        "date": None if item.day is None else item.day.isoformat(),
        "responsible": item.responsible,
        "pages": item.pages,
        "duration_ms": item.duration_ms,
        "size_bytes": item.size_bytes,
        "sha256": None if item.sha256 is None else item.sha256.hex,
    }


def _parse_item(number: int, value: Json, what: str) -> CatalogueItem:
    where = f"{what}: item {number}"
    fields = Fields(where, value, _ITEM)
    fields.constant("item", number)
    kind, day = fields.one_of("kind", KINDS), optional_text(fields.value("date"), f"{where}: date")
    has_file = kind != NOTE
    return CatalogueItem(
        stage=fields.text("stage"),
        kind=kind,
        id=fields.uuid("id") if has_file else None,
        title=fields.text("title"),
        day=None if day is None else _parse_day(day, where),
        responsible=optional_text(fields.value("responsible"), f"{where}: responsible"),
        pages=_maybe_count(fields, "pages"),
        duration_ms=_maybe_count(fields, "duration_ms"),
        size_bytes=fields.count("size_bytes") if has_file else None,
        sha256=fields.digest("sha256", "sha256") if has_file else None,
    )


def _maybe_count(fields: Fields, name: str) -> int | None:
    return None if fields.value(name) is None else fields.count(name)


def _parse_day(text: str, where: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise MalformedEvidence(where, f"date: {text!r} is no day: {error}") from error
    if day.isoformat() != text:
        raise MalformedEvidence(where, f"date: {text!r} is not written as 2026-03-09")
    return day
