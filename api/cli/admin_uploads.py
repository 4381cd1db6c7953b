"""What `liuhen admin upload` does: uploads that could not be sealed are looked at, tried again, or given up; and what
is staged without an upload is listed.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.archive import Archive
from api.cli.admin_people import OPERATOR, Facts
from api.cli.upload_stops import stop_in_chinese
from api.errors import UsageRefused
from api.upload_limits import upload_limits, upload_register
from ingest.sealing.errors import NodeAtWork
from ingest.sealing.trouble import list_in_trouble, move_uploads, release_upload, retry_upload
from ingest.uploads.staging import Staging
from ingest.uploads.sweeps import list_unknown
from integrity.fields import format_instant
from storage.catalog.stations import Station
from storage.catalog.uploads import Upload
from storage.node_names import is_node_name


def list_uploads(archive: Archive, session: Session) -> list[Facts]:
    staging = archive.staging
    return [_facts(session, staging, each) for each in list_in_trouble(session)]


def retry(archive: Archive, session: Session, upload_id: str) -> Facts:
    return _facts(session, archive.staging, retry_upload(session, OPERATOR, upload_id))


def release(archive: Archive, session: Session, upload_id: str, reason: str) -> Facts:
    return _facts(session, archive.staging, release_upload(session, OPERATOR, upload_id, reason))


def move(session: Session, from_node: str, to_node: str) -> Facts:
    """Raises UsageRefused for what is no node's name, and while the former node seals."""
    if from_node == to_node or not all(name == "" or is_node_name(name) for name in (from_node, to_node)):
        raise UsageRefused(
            f"应为两个不同的采集节点名称（小写字母、数字、连字符），而不是“{from_node}”和“{to_node}”",
            f"name two different nodes, each of [a-z0-9-], not {from_node!r} and {to_node!r}",
        )
    try:
        moved = move_uploads(session, from_node, to_node)
    except NodeAtWork as error:
        raise UsageRefused(
            f"采集节点“{from_node}”正在封存；请先停止该节点的进程，约半分钟后重试", str(error)
        ) from error
    return {"from": from_node, "to": to_node, "uploads": moved}


def list_unknown_files(archive: Archive) -> list[Facts]:
    """What is staged and has no row: when it was last written, until when it is kept, and where it is."""
    staging = archive.staging
    kept = upload_limits(archive.settings).lasts_at_most
    return [
        {
            "upload_id": each.upload_id,
            "staged_bytes": each.size_bytes,
            "changed_at": format_instant(each.changed_at),
            "kept_until": format_instant(each.changed_at + kept),
            "path": str(staging.bytes_path(each.upload_id)),
        }
        for each in list_unknown(staging, upload_register(archive))
    ]


def unknown_line(facts: Facts) -> str:
    """One of them in a line for a person."""
    return f"{facts['path']}  {facts['staged_bytes']}  {facts['changed_at']} – {facts['kept_until']}"


def upload_lines(facts: Facts) -> Iterator[str]:
    """One upload for a person: a line, and one more in Chinese where it was stopped at."""
    why = facts["failure_code"] or f"{facts['attempts']} ×"
    where = f"  @{facts['node']}" if facts["node"] else ""
    yield f"{facts['upload_id']}  {facts['state']}  {facts['station']}{where}  {why}: {facts['failure_detail'] or '—'}"
    if facts["failure_detail_zh"]:
        yield f"    {facts['failure_detail_zh']}"


def _facts(session: Session, staging: Staging, upload: Upload) -> Facts:
    path = staging.bytes_path(upload.id)
    is_here = upload.node == staging.node and path.exists()
    return {
        "upload_id": upload.id,
        "node": upload.node,
        "state": upload.state,
        "failure_code": upload.failure_code,
        "failure_detail": upload.failure_detail,
        "failure_detail_zh": stop_in_chinese(upload.failure_code, upload.id),
        "attempts": upload.attempts,
        "filename": str(upload.claims.get("filename", "")),
        "declared_length": upload.declared_length,
        "staged_bytes": path.stat().st_size if is_here else None,
        "finished_at": None if upload.finished_at is None else format_instant(upload.finished_at),
        "station": session.scalar(select(Station.name).where(Station.id == upload.station_id)),
        "station_id": str(upload.station_id),
        "unit_id": str(upload.unit_id),
    }
