"""What `liuhen admin` looks up: a recording by its digest, the ledger's head, the database's addresses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.archive import Archive
from api.cli.admin_archive import OpenedArchive
from api.cli.admin_people import Facts
from api.engines.archive_run import PURPOSE
from api.engines.lock import read_holder
from api.engines.roles import DatabaseAddresses
from api.engines.run_record import read_addresses
from api.engines.running import WAIT_SECONDS, external_database
from api.errors import ApiError, UsageRefused
from api.settings import Settings
from integrity.fields import format_instant
from integrity.local_time import show_written
from storage.catalog.ledger import LedgerCheckpoint, LedgerEntryRow, LedgerSequence
from storage.catalog.recordings import Recording
from storage.catalog.uploads import Upload

POLL_SECONDS = 0.2


class NotSealed(ApiError):
    """No sealed recording has these bytes (yet); `state` is what is known of them."""

    def __init__(self, sha256: str, state: str, chinese: str, english: str) -> None:
        super().__init__(chinese, english)
        self.sha256 = sha256
        self.state = state


def find_recording(opened: OpenedArchive, sha256: str, wait_seconds: float) -> Facts:
    """The sealed recording with these bytes, once its entry has its place. Raises NotSealed, UsageRefused."""
    digest = _parse_sha256(sha256)
    # Without a running archive nothing is being sealed, and waiting would only keep the data folder from others.
    deadline = time.monotonic() + (wait_seconds if opened.running else 1.0)
    while True:
        with opened.archive.database.reading() as session:
            facts = _sealed(session, digest)
            if facts is not None:
                return facts
            missing = None if time.monotonic() < deadline else _explain_missing(session, sha256.lower(), digest)
        if missing is not None:
            raise missing
        time.sleep(POLL_SECONDS)


def ledger_status(archive: Archive) -> Facts:
    """The signed head, and how many entries still wait for a place."""
    latest = archive.ledger.latest()
    with archive.database.reading() as session:
        entries = session.scalar(select(func.count()).select_from(LedgerEntryRow)) or 0
        signed_at = session.scalar(select(func.max(LedgerCheckpoint.signed_at)))
    size = 0 if latest is None else latest[0].size
    return {
        "origin": archive.keyring.origin,
        "vkey": archive.keyring.ledger_vkey,
        "size": size,
        "root": None if latest is None else latest[0].root.hex(),
        "signed_at": None if signed_at is None else format_instant(signed_at),
        "waiting": entries - size,
    }


def running_addresses(settings: Settings) -> DatabaseAddresses:
    """The addresses that work now, of the running archive or of the settings. Raises ApiError when none runs."""
    if settings.database_url is not None:
        return external_database(settings)
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        holder = read_holder(settings.data)
        published = read_addresses(settings.run_folder, holder.instance) if holder else None
        if published is not None:
            return published.database
        if holder is None or holder.purpose != PURPOSE or time.monotonic() >= deadline:
            raise ApiError(
                f"{settings.data} 上没有正在运行的档案系统；请先 liuhen up，或加 --start 临时启动数据库",
                f"no archive runs on {settings.data}: start it with `liuhen up`, or add --start for its database alone",
            )
        time.sleep(POLL_SECONDS)


def fact_lines(facts: Facts) -> Iterator[str]:
    """One fact a line for a person: times in Chinese time."""
    for name, value in facts.items():
        yield f"{name}: {show_written(value) if name.endswith(('_at', '_time')) else value}"


def address_facts(addresses: DatabaseAddresses) -> Facts:
    return dict(asdict(addresses))


def _parse_sha256(text: str) -> bytes:
    try:
        digest = bytes.fromhex(text.strip())
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise UsageRefused("--sha256 应为 64 位十六进制", "--sha256 takes 64 hexadecimal digits")
    return digest


def _sealed(session: Session, digest: bytes) -> Facts | None:
    """Units seal the same bytes each for themselves: the first one's, and how many there are."""
    statement = select(Recording, LedgerSequence.index).join(
        LedgerSequence, LedgerSequence.entry_id == Recording.sealed_entry_id
    )
    rows = session.execute(statement.where(Recording.sha256 == digest).order_by(LedgerSequence.index)).all()
    if not rows:
        return None
    recording, index = rows[0]
    return {
        "recording_id": str(recording.id),
        "state": "sealed",
        "sealed_at": format_instant(recording.sealed_at),
        "ledger_index": index,
        "original_name": recording.original_name,
        "size_bytes": recording.size_bytes,
        "sha256": recording.sha256.hex(),
        "sm3": recording.sm3.hex(),
        "media_state": recording.media_state,
        "token_time": format_instant(recording.token_time),
        "unit_id": str(recording.unit_id),
        "station_id": str(recording.station_id),
        "recordings": [str(row.id) for row, _ in rows],
    }


def _explain_missing(session: Session, sha256: str, digest: bytes) -> NotSealed:
    if session.scalars(select(Recording.id).where(Recording.sha256 == digest).limit(1)).first() is not None:
        return NotSealed(
            sha256, "sealing", "已封存，账本条目尚未定序", "it is sealed, its ledger entry has no place yet"
        )
    claimed = select(Upload).where(Upload.claims["sha256"].astext == sha256).order_by(Upload.created_at.desc())
    upload = session.scalars(claimed.limit(1)).first()
    if upload is None:
        return NotSealed(
            sha256,
            "not_found",
            f"没有 SHA-256 为 {sha256} 的原始记录，也没有声明该摘要的上传",
            f"there is no recording with the SHA-256 {sha256}, and no upload that claims it",
        )
    why = f" ({upload.failure_code})" if upload.failure_code else ""
    return NotSealed(
        sha256,
        upload.state,
        f"尚未封存：上传 {upload.id} 的状态为 {upload.state}{why}",
        f"not sealed yet: upload {upload.id} is {upload.state}{why}",
    )
