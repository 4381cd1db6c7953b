"""What the ledger says was sealed, made or disposed of, against the rows there are: both ways, by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from api.reconciling.explaining import DISPOSED_ENTRY, disposed_among
from api.reconciling.merge import aligned
from api.reconciling.scene import Scene, ask, stream
from api.reconciling.suspicions import Suspicions


@dataclass(frozen=True)
class _Kind:
    """`named`: where an entry of `action` has the row's id; `about`: the row's column that is the entry's subject."""

    table: str
    action: str
    named: str
    about: str
    there: str = "true"


def _in_data(word: str) -> str:
    """The entry's bytes are JSON without blanks (RFC 8785)."""
    return f"""substring(encode(entry, 'escape') FROM '"{word}":"([0-9a-f-]{{36}})"')"""


KINDS: Final[Mapping[str, _Kind]] = {
    "recording": _Kind("recording", "recording.sealed", "subject_id", "id"),
    "rendition": _Kind("rendition", "rendition.made", _in_data("rendition"), "recording_id"),
    "redacted_copy": _Kind("redacted_copy", "copy.made", _in_data("copy_id"), "recording_id", "state = 'done'"),
    "request_attachment": _Kind(
        "request_attachment", "access.attachment_filed", _in_data("attachment_id"), "request_id"
    ),
}


def survey_entries(scene: Scene, session: Session, suspicions: Suspicions) -> None:
    """Bring entries and rows together once; note what has no other."""
    for kind, of in KINDS.items():
        entries = f"""
            SELECT {of.named} AS id, subject_id FROM ledger_entry WHERE action = :action AND {of.named} IS NOT NULL
            ORDER BY {of.named} COLLATE "C"
        """  # noqa: S608  our own words
        rows = f'SELECT id::text AS id FROM {of.table} WHERE {of.there} ORDER BY id::text COLLATE "C"'  # noqa: S608  our own words
        gone = 'SELECT subject_id AS id FROM ledger_entry WHERE action = :action ORDER BY subject_id COLLATE "C"'
        disposed = stream(session, gone, action=DISPOSED_ENTRY) if kind == "recording" else iter(())
        by_id = aligned(
            (stream(session, entries, action=of.action), _id_of),
            (stream(session, rows), _id_of),
            (disposed, _id_of),
        )
        for row_id, (said, there, ended) in by_id:
            scene.looked_at["entries"] += len(said) + len(ended)
            code = _judge(bool(said), bool(there), bool(ended))
            if code is not None:
                suspicions.note(kind=kind, id=row_id, code=code, subject=said[0].subject_id if said else row_id)


def look_again(scene: Scene, suspicions: Suspicions) -> None:
    for batch in suspicions.batches():
        with scene.archive.database.reading(snapshot=True) as session:
            disposed = disposed_among(session, [each["subject"] for each in batch])
            for kind, of in KINDS.items():
                mine = [each for each in batch if each["kind"] == kind]
                for each, code in _still(session, of, mine, disposed):
                    scene.found(code, f"{kind} {each['id']}", kind=kind, id=each["id"])


def _judge(said: bool, there: bool, ended: bool) -> str | None:
    if ended:
        return "disposed_row_remains" if there else None
    if said and not there:
        return "entry_without_row"
    return "row_without_entry" if there and not said else None


def _still(
    session: Session, of: _Kind, suspected: Sequence[Mapping[str, Any]], disposed: set[str]
) -> list[tuple[Mapping[str, Any], str]]:
    if not suspected:
        return []
    said = f"""EXISTS (SELECT FROM ledger_entry WHERE action = :action AND subject_id = r.{of.about}::text
        AND {of.named} = r.id::text)"""
    rows = f"SELECT r.id::text AS id, {said} AS said FROM {of.table} r WHERE r.id::text = ANY(:ids) AND {of.there}"  # noqa: S608  our own words
    rows = rows.replace("r.id::text = ANY(:ids)", "r.id = ANY(CAST(:ids AS uuid[]))")
    there = {row.id: row.said for row in ask(session, rows, action=of.action, ids=[each["id"] for each in suspected])}
    still = []
    for each in suspected:
        ended, is_there = each["subject"] in disposed, each["id"] in there
        code = _judge(there.get(each["id"], True), is_there, ended)
        if code is not None and code == each["code"]:
            still.append((each, code))
    return still


def _id_of(row: Any) -> str:
    return str(row.id)
