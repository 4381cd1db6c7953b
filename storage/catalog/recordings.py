"""Sealed originals, the attempts that made them, their receipts and their playable copies."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    UniqueConstraint,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, column_property, mapped_column

if TYPE_CHECKING:
    from sqlalchemy.orm import MappedSQLExpression

from storage.catalog.base import (
    Base,
    CreatedAt,
    HeldUnitId,
    Id,
    Instant,
    Json,
    JsonList,
    Octets,
    Size,
    UnitId,
    of_recording,
    one_of,
    sought_by,
    sought_index,
)

MEDIA_STATES = ("intact", "opens", "damaged", "unreadable")
"""`opens`: its containers are whole and its first frames decode; what lies behind them nobody has looked at."""
DECODED_STATES = ("intact", "damaged", "not_decoded")
STEPS_SET_ASIDE_BY = ("linking", "judging", "grouping", "attaching")
"""关联、认定、分段归并、附加轨迹: steps of housekeeping that go through recordings one after another."""
DIFFERS: Final = ("name", "device", "officer", "time", "act", "mark")
"""文件名、设备、执法人员、时间、执法行为、证据标记: in what an upload of the same bytes may say otherwise."""
JOB_LANES = ("quick", "slow", "decode")
JOB_STATES = ("due", "done", "nothing", "failed")
DECODING = "decode"
RENDITION_KINDS = ("recovery", "poster", "sprite", "proxy")
"""What has to be recovered comes before what is made of it; in which order those are made: ingest/rendering/make.py."""
ALWAYS_DUE = ("poster", "sprite", "proxy", DECODING)

# A column and not an expression: under row security PostgreSQL lets COALESCE look into no index (docs/decisions/0021).
_MADE_AT = "COALESCE(started_at, received_at)"

PLACE_CHECK = (
    "(latitude IS NULL) = (longitude IS NULL) AND latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180"
)


class CustodyAttempt(Base):
    """Committed before the first ciphertext byte, so that a repeat makes the same bytes or stops.

    Never a second plaintext under one key and nonce: `plaintext_sha256` is fixed by the first full read.
    `superseded_at`: since when its upload is the recording of an earlier one, and this becomes none.
    """

    __tablename__ = "custody_attempt"
    __table_args__ = (
        Index("ix_custody_attempt_superseded", "superseded_at", postgresql_where=text("superseded_at IS NOT NULL")),
    )
    recording_id: Mapped[Id]
    upload_id: Mapped[str] = mapped_column(ForeignKey("upload.id"), unique=True)
    unit_id: Mapped[UnitId]
    object_name: Mapped[str] = mapped_column(unique=True)
    kek_id: Mapped[str]
    wrapped_data_key: Mapped[Octets]
    salt: Mapped[Octets]
    nonce_prefix: Mapped[Octets]
    plaintext_sha256: Mapped[bytes | None]
    created_at: Mapped[CreatedAt]
    superseded_at: Mapped[Instant | None]


class Recording(Base):
    """原始记录: one original, sealed. `manifest` and `token` are stored verbatim as they were signed.

    `started_at` is the best estimate of when it began, by what, and how far it may be off (null: nobody can say);
    `made_at` is that, or else when it was received: days are listed by it. The place is in degrees of WGS 84. Every
    word on it, with its source, is in `claims`. `media_state` is what was signed, `state_now` what is known since it
    was decoded whole.
    """

    __tablename__ = "recording"
    __table_args__ = (
        UniqueConstraint("unit_id", "sha256"),
        UniqueConstraint("id", "unit_id"),
        CheckConstraint(one_of("media_state", *MEDIA_STATES), name="media_state"),
        CheckConstraint(PLACE_CHECK, name="place"),
        Index("ix_recording_listing", "unit_id", "sealed_at", "id"),
        Index("ix_recording_sha256", "sha256"),
        Index("ix_recording_started", "unit_id", "started_at"),
        Index("ix_recording_device", "unit_id", "device", "started_at"),
        Index("ix_recording_officer", "officer"),
        Index(
            "ix_recording_satellite_time",
            "unit_id",
            "device",
            "started_at",
            postgresql_where=text("""claims @> '[{"kind": "gps_time"}]'"""),
        ),
        Index("ix_recording_retain_until", "retain_until", postgresql_where=text("retain_until IS NOT NULL")),
        Index("ix_recording_state", "unit_id", "media_state", "sealed_at", "id"),
        Index("ix_recording_sm3", "sm3"),
        Index("ix_recording_made", "unit_id", "made_at"),
        Index("ix_recording_claimed_officer", "unit_id", "officer", "sealed_at", "id"),
        # How many and how large, for a page of a million: read off the index.
        Index("ix_recording_unit_id", "unit_id", postgresql_include=["size_bytes"]),
        sought_index("recording"),
    )
    id: Mapped[Id]
    unit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("unit.id"))
    station_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("station.id"))
    original_name: Mapped[str]
    size_bytes: Mapped[Size]
    sha256: Mapped[Octets]
    sm3: Mapped[Octets]
    chunk_root: Mapped[Octets]
    object_name: Mapped[str] = mapped_column(unique=True)
    object_version: Mapped[str]
    ciphertext_size_bytes: Mapped[Size]
    ciphertext_sha256: Mapped[Octets]
    kek_id: Mapped[str]
    wrapped_data_key: Mapped[Octets]
    media_state: Mapped[str]
    findings: Mapped[Json]
    claims: Mapped[JsonList]
    device: Mapped[str | None]
    officer: Mapped[str | None]
    started_at: Mapped[datetime | None]
    started_at_source: Mapped[str | None]
    started_at_uncertainty_seconds: Mapped[float | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    place_source: Mapped[str | None]
    duration_seconds: Mapped[float | None]
    received_at: Mapped[Instant]
    made_at: Mapped[datetime] = mapped_column(Computed(_MADE_AT, persisted=True), nullable=False)
    sealed_at: Mapped[Instant]
    manifest: Mapped[Octets]
    manifest_sha256: Mapped[Octets]
    token: Mapped[Octets]
    token_time: Mapped[Instant]
    sealed_entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_entry.id"))
    retention_class: Mapped[str] = mapped_column(ForeignKey("retention_class.code"))
    retain_until: Mapped[date | None]
    sought: Mapped[str] = sought_by("sought_text(original_name, device, officer)")
    if TYPE_CHECKING:
        state_now: MappedSQLExpression[str]


class PositionTrack(Base):
    """Where the recorder was, point by point: docs/formats/positions.md. `read_from` is the recording whose bytes say
    so: this one itself, or a sidecar."""

    __tablename__ = "position_track"
    __table_args__ = (
        of_recording(),
        UniqueConstraint("recording_id", "read_from", "source", name="uq_position_track_recording_id_read_from_source"),
        CheckConstraint("point_count > 0", name="point_count"),
        Index(
            "ix_position_track_log",
            "created_at",
            postgresql_where=text("read_from = recording_id AND source IN ('nmea', 'gpx', 'srt')"),
        ),
    )
    id: Mapped[Id]
    recording_id: Mapped[uuid.UUID]
    read_from: Mapped[uuid.UUID] = mapped_column(ForeignKey("recording.id"), index=True)
    unit_id: Mapped[HeldUnitId]
    source: Mapped[str]
    point_count: Mapped[int]
    points: Mapped[JsonList]
    sha256: Mapped[Octets]
    created_at: Mapped[CreatedAt]


class SidecarLook(Base):
    """When the log beside a recording was last looked for its recording: `recording_id` is the log's own."""

    __tablename__ = "sidecar_look"
    __table_args__ = (of_recording(),)
    recording_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[HeldUnitId]
    looked_at: Mapped[Instant]


class RecordingSetAside(Base):
    """A recording at which a step of housekeeping failed: the step leaves it out until `due_at`, and tries it then by
    itself (storage/set_aside.py). `error` is the kind of the last failure, and no word of what it was about."""

    __tablename__ = "recording_set_aside"
    __table_args__ = (
        of_recording(),
        CheckConstraint(one_of("step", *STEPS_SET_ASIDE_BY), name="step"),
        CheckConstraint("failures > 0", name="failures"),
        Index("ix_recording_set_aside_due_at", "step", "due_at"),
    )
    recording_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[HeldUnitId]
    failures: Mapped[int]
    error: Mapped[str]
    since: Mapped[CreatedAt]
    due_at: Mapped[Instant]


class RecordingSegment(Base):
    """A recording among the segments of one act, `ordinal` of `segment_count`; `first_recording_id` names the act.

    `gap_seconds` is between the end of the one before and this one's start: negative where they overlap, null for the
    first. Of a recording that stands alone, the row says that it was looked at.
    """

    __tablename__ = "recording_segment"
    __table_args__ = (of_recording(), CheckConstraint("ordinal BETWEEN 1 AND segment_count", name="ordinal"))
    recording_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[HeldUnitId]
    first_recording_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recording.id"), index=True)
    ordinal: Mapped[int]
    segment_count: Mapped[int]
    gap_seconds: Mapped[float | None]
    basis: Mapped[str]
    grouped_at: Mapped[CreatedAt]


class Receipt(Base):
    """回执: the signed envelope a station gets for one upload; a repeated file gets a second one."""

    __tablename__ = "receipt"
    upload_id: Mapped[str] = mapped_column(ForeignKey("upload.id"), primary_key=True)
    recording_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recording.id"), index=True)
    unit_id: Mapped[UnitId]
    envelope: Mapped[Octets]
    repeat: Mapped[bool]
    issued_at: Mapped[Instant]


class ReceivedAgain(Base):
    """再次收到: what was said of a recording by an upload that brought its bytes again. Never changed; what was sealed
    stays as it was signed.

    `device`, `officer` and `started_at` are the words of the station or of the file's name alone: what the bytes say
    was said before. `differs`: which of DIFFERS nobody had said of it, or was said otherwise, when it was sealed.
    """

    __tablename__ = "received_again"
    __table_args__ = (of_recording(),)
    upload_id: Mapped[str] = mapped_column(ForeignKey("upload.id"), primary_key=True)
    recording_id: Mapped[uuid.UUID] = mapped_column(index=True)
    unit_id: Mapped[HeldUnitId]
    station_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("station.id"))
    original_name: Mapped[str]
    claims: Mapped[JsonList]
    differs: Mapped[JsonList]
    device: Mapped[str | None]
    officer: Mapped[str | None]
    act: Mapped[str | None]
    started_at: Mapped[datetime | None]
    started_at_source: Mapped[str | None]
    started_at_uncertainty_seconds: Mapped[float | None]
    received_at: Mapped[Instant]
    recorded_at: Mapped[CreatedAt]


class WholeDecoding(Base):
    """A look at a whole recording: every frame of it went through a decoder, or did not. Written once; where nobody
    could say (`not_decoded`) another may follow, when somebody has it tried again.

    `way`: by itself, or as its proxy was encoded. Frames are the picture's, else the sound's; `refused_packets` and
    `complaints` are of both. Null: nobody can say."""

    __tablename__ = "whole_decoding"
    __table_args__ = (
        of_recording(),
        CheckConstraint(one_of("state", *DECODED_STATES), name="state"),
        CheckConstraint(one_of("way", DECODING, "proxy"), name="way"),
        Index("ix_whole_decoding_recording_id", "recording_id"),
        Index(
            "uq_whole_decoding_settled", "recording_id", unique=True, postgresql_where=text("state <> 'not_decoded'")
        ),
        CheckConstraint("(reason IS NULL) = (state = 'intact')", name="reason"),
        Index("ix_whole_decoding_damaged", "unit_id", "recording_id", postgresql_where=text("state = 'damaged'")),
    )
    id: Mapped[Id]
    recording_id: Mapped[uuid.UUID]
    unit_id: Mapped[HeldUnitId]
    state: Mapped[str]
    reason: Mapped[str | None]
    declared_frames: Mapped[int | None] = mapped_column(BigInteger)
    decoded_frames: Mapped[int | None] = mapped_column(BigInteger)
    refused_packets: Mapped[int] = mapped_column(BigInteger)
    complaints: Mapped[int] = mapped_column(BigInteger)
    first_complaint_ms: Mapped[int | None] = mapped_column(BigInteger)
    way: Mapped[str]
    tool: Mapped[str]
    tool_version: Mapped[str]
    decoded_at: Mapped[Instant]


_LOOKED_AT = select(WholeDecoding.state).where(
    WholeDecoding.recording_id == Recording.id, WholeDecoding.state != "not_decoded"
)
NOT_LOOKED_AT_IN_TIME: Final = "not_probed_in_time"
"""The reason of a first look for which the machine had no time: it says nothing of the file."""
_LATE: Final = f"""'{{"reasons": [{{"code": "{NOT_LOOKED_AT_IN_TIME}"}}]}}'::jsonb"""
SETTLED_BY_DECODING: Final = or_(
    Recording.media_state == "opens",
    and_(Recording.media_state == "unreadable", Recording.findings.contains(literal_column(_LATE))),
)
"""Of a recording: what was signed of it is no last word, and the look at the whole of it is."""
Recording.state_now = column_property(
    case(
        (SETTLED_BY_DECODING, func.coalesce(_LOOKED_AT.scalar_subquery(), Recording.media_state)),
        else_=Recording.media_state,
    )
)


def lane_of(context: DefaultExecutionContext) -> str:
    """Of a new job: what it is said to be, but for looking at a whole file."""
    said = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return "decode" if said["kind"] == DECODING else "quick"


class MediaJob(Base):
    """What a media worker still owes a recording. `nothing`: the file has no picture or sound to show.

    `reference_id`: the whole recording that a person chose to help with a recovery. `lane`: who makes it, so that what
    is quick does not wait for what is not. `deferrals`: how often something of ours was in the way, `deadlines` how
    often of these it was the wall's time; `retried_at`: when a person last had it tried again."""

    __tablename__ = "media_job"
    __table_args__ = (
        of_recording(),
        UniqueConstraint("recording_id", "kind"),
        CheckConstraint(one_of("state", *JOB_STATES), name="state"),
        CheckConstraint(one_of("kind", *RENDITION_KINDS, DECODING), name="kind"),
        CheckConstraint(one_of("lane", *JOB_LANES), name="lane"),
        CheckConstraint("reference_id IS NULL OR kind = 'recovery'", name="reference"),
        Index("ix_media_job_due", "lane", "unit_id", "created_at", postgresql_where=text("state = 'due'")),
        Index("ix_media_job_turn", "unit_id", "lane", "taken_at"),
        Index("ix_media_job_failed", "unit_id", postgresql_where=text("state = 'failed'")),
    )
    id: Mapped[Id]
    recording_id: Mapped[uuid.UUID]
    unit_id: Mapped[HeldUnitId]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="due")
    lane: Mapped[str] = mapped_column(default=lane_of)
    attempts: Mapped[int] = mapped_column(default=0)
    deferrals: Mapped[int] = mapped_column(default=0)
    deadlines: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    retried_at: Mapped[datetime | None]
    taken_at: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    outcome: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]
    reference_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("recording.id"))


class Rendition(Base):
    """播放副本: a derived copy; names its parent's digest and the tool, version and settings that made it.

    `facts` are what it takes to show it: of a sprite its layout, of a proxy its width, height, frames and length. Null:
    it was made before they were kept."""

    __tablename__ = "rendition"
    __table_args__ = (
        of_recording(),
        UniqueConstraint("recording_id", "name"),
        CheckConstraint("jsonb_typeof(facts) = 'object'", name="facts"),
    )
    id: Mapped[Id]
    recording_id: Mapped[uuid.UUID]
    unit_id: Mapped[HeldUnitId]
    name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[Size]
    sha256: Mapped[Octets]
    object_name: Mapped[str] = mapped_column(unique=True)
    ciphertext_size_bytes: Mapped[Size]
    ciphertext_sha256: Mapped[Octets]
    kek_id: Mapped[str]
    wrapped_data_key: Mapped[Octets]
    parent_sha256: Mapped[Octets]
    tool: Mapped[str]
    tool_version: Mapped[str]
    settings: Mapped[list[str]] = mapped_column(JSONB)
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[CreatedAt]
