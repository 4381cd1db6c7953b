"""What `liuhen admin copies` does: copies that were given up are listed with their reasons, and made due again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.archive import Archive
from api.cli.admin_people import OPERATOR, ROW_LIMIT, Facts
from api.cli.ids import read_id
from api.errors import UsageRefused
from ingest.rendering.retrying import Retried, find_given_up, list_given_up, retry_copies
from integrity.fields import format_instant

KINDS: Mapping[str, str] = {
    "recovery": "恢复副本 recovery",
    "poster": "封面图 poster",
    "sprite": "预览图 sprite",
    "proxy": "播放副本 proxy",
    "decode": "全程解码 decode",
}


def list_copies(session: Session) -> list[Facts]:
    return [
        {
            "recording_id": str(each.recording_id),
            "original_name": each.original_name,
            "kind": each.kind,
            "outcome": each.outcome,
            "finished_at": None if each.finished_at is None else format_instant(each.finished_at),
        }
        for each in list_given_up(session, ROW_LIMIT)
    ]


def copy_lines(items: Sequence[Facts]) -> Iterator[str]:
    """Each in a line; names and what a tool said come from files, and are printed as such."""
    for each in items:
        yield f"{each['recording_id']}  {KINDS[str(each['kind'])]}  {each['original_name']}  {each['outcome']}"
    if not items:
        yield "没有未能制成的副本 / there are none"


def chosen_recording(failed: bool, recording: str | None) -> uuid.UUID | None:
    """None: all that failed. Raises UsageRefused unless it is exactly one of the two."""
    if failed == (recording is not None):
        raise UsageRefused("请用 --failed 或 --recording ID 其一", "say either --failed or --recording ID")
    return None if recording is None else read_id(recording)


def retry(archive: Archive, recording_id: uuid.UUID | None) -> Facts:
    """A few hundred recordings a transaction, each with its entry. Raises UsageRefused where one recording was named
    and nothing of it is to be tried again."""
    if recording_id is None:
        return _facts(_retry_all(archive))
    with archive.database.transaction() as session:
        retried = retry_copies(session, OPERATOR, [recording_id])
    if not retried:
        raise UsageRefused(
            f"没有编号为 {recording_id} 的记录，或其副本都已制成或正在等待制作",
            f"there is no recording {recording_id}, or all of its copies are made or about to be",
        )
    return _facts(retried)


def retried_lines(facts: Facts) -> Iterator[str]:
    yield f"将重新制作 / to be made again: {facts['copies']}；记录 / of recordings: {facts['recordings']}"


def _retry_all(archive: Archive) -> Iterator[Retried]:
    with archive.database.reading() as session:
        begun = session.scalars(select(func.now())).one()
    while True:
        with archive.database.transaction() as session:
            found = find_given_up(session, begun)
            retried = retry_copies(session, OPERATOR, found)
        yield from retried
        if not found:
            return


def _facts(retried: Iterable[Retried]) -> Facts:
    each_of: list[dict[str, Any]] = [
        {"recording_id": str(each.recording_id), "kinds": list(each.kinds)} for each in retried
    ]
    return {"recordings": len(each_of), "copies": sum(len(each["kinds"]) for each in each_of), "items": each_of}
