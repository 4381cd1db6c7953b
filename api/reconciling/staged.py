"""Staged files against the uploads that are in hand: by id, what is there and how long it is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from api.reconciling.merge import aligned
from api.reconciling.scene import Scene, ask, stream
from api.reconciling.suspicions import Suspicions
from ingest.uploads.errors import StagingDamaged, UploadGone
from ingest.uploads.staging import UPLOAD_ID, Staging
from ingest.uploads.unknown import unknown_bytes
from storage.catalog.uploads import GONE_STATES
from storage.objects.sorting import in_order

_COLUMNS: Final = "SELECT id, state, declared_length, length_deferred, node FROM upload"
_IN_HAND: Final = f"""{_COLUMNS} WHERE state IN ('open', 'finished', 'failed') AND node = :node
    ORDER BY id COLLATE "C" """
_THESE: Final = f"{_COLUMNS} WHERE id = ANY(:ids)"
_ENDED: Final = ("receipted", *GONE_STATES)


def survey_staged(scene: Scene, session: Session, suspicions: Suspicions) -> None:
    """Bring this node's staged files and uploads together once; note what does not fit. Uploads with a receipt need no
    file, and those of other nodes none here."""
    folder, node = scene.archive.staging_folder, scene.archive.settings.node
    staging = _existing(scene)
    by_id = aligned((_staged(folder), str), (stream(session, _IN_HAND, node=node), lambda row: str(row.id)))
    for upload_id, (files, rows) in by_id:
        scene.look("staged")
        code = _judge(staging, upload_id, rows[0] if rows else None, is_staged=bool(files))
        if code is not None:
            suspicions.note(id=upload_id, code=code)


def look_again(scene: Scene, suspicions: Suspicions) -> None:
    staging = _existing(scene)
    for batch in suspicions.batches():
        ids = [each["id"] for each in batch]
        staged = set() if staging is None else {each for each in ids if staging.last_change(each) is not None}
        with scene.archive.database.reading() as session:
            rows = {row.id: row for row in ask(session, _THESE, ids=ids)}
        for each in batch:
            upload_id = each["id"]
            row = rows.get(upload_id)
            if row is not None and row.node != scene.archive.settings.node and row.state not in _ENDED:
                continue
            code = _judge(staging, upload_id, row, is_staged=upload_id in staged)
            if code is not None and code == each["code"]:
                _tell(scene, staging, upload_id, row, code)


def _existing(scene: Scene) -> Staging | None:
    """Never made here: where its disk is not mounted, there is none."""
    archive = scene.archive
    return archive.staging if archive.staging_folder.is_dir() else None


def _judge(staging: Staging | None, upload_id: str, row: Any, *, is_staged: bool) -> str | None:
    if row is None or row.state in ("sealed", *_ENDED):
        return "staged_without_row" if is_staged else None
    if row.state == "open":
        return _judge_open(staging, upload_id) if is_staged else None
    size_bytes = _size(staging, upload_id)
    if size_bytes is None:
        return "staged_missing"
    return None if size_bytes == row.declared_length else "staged_size_differs"


def _judge_open(staging: Staging | None, upload_id: str) -> str | None:
    """What was acknowledged is there. Nothing acknowledged and nothing there is where it begins."""
    try:
        recorded = None if staging is None else staging.read_offset(upload_id)
    except UploadGone:
        return None
    except StagingDamaged:
        return "staged_damaged"
    # The offset first: bytes that come meanwhile are there before they are acknowledged.
    size_bytes = _size(staging, upload_id) or 0
    return "staged_size_differs" if recorded is not None and recorded.offset > size_bytes else None


def _tell(scene: Scene, staging: Staging | None, upload_id: str, row: Any, code: str) -> None:
    size_bytes = _size(staging, upload_id)
    facts = {} if size_bytes is None else {"staged_bytes": size_bytes}
    if code != "staged_without_row":
        scene.found(code, upload_id, upload_state=row.state, recorded_bytes=row.declared_length, **facts)
    elif row is None:
        # Without a byte it is of a creation that came to nothing, and goes within an hour.
        if staging is not None and unknown_bytes(staging, upload_id) is not None:
            scene.found("staged_unknown", upload_id, **facts)
    elif row.state in _ENDED:
        scene.found("staged_leftover", upload_id, upload_state=row.state, **facts)


def _size(staging: Staging | None, upload_id: str) -> int | None:
    if staging is not None:
        with suppress(FileNotFoundError):
            return staging.bytes_path(upload_id).lstat().st_size
    return None


def _staged(folder: Path) -> Iterator[str]:
    """Each id of which a file is there, once, in order."""
    last: Sequence[str] | str | None = None
    for name in in_order(_names(folder)):
        upload_id = name.partition(".")[0]
        if upload_id != last and UPLOAD_ID.fullmatch(upload_id):
            yield upload_id
        last = upload_id


def _names(folder: Path) -> Iterator[str]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name
