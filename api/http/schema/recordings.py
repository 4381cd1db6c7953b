"""Recordings as lists and pages show them. Footage itself is no JSON: api/http/playback/."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import Field

from api.http.schema.base import Answer, CaseRef, Form, Json, PersonRef
from api.http.schema.elements import ScoredReason

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class RecordingItem(Answer):
    """One row of the list. `may_view`: a grant reaches it now; only then does `poster` name its picture."""

    id: uuid.UUID
    original_name: str = Field(description="as the station named it", examples=["AB00001_000123_20260101093000.MP4"])
    size_bytes: int = Field(examples=[73400320])
    sha256: str = Field(examples=[SHA256])
    media_state: str = Field(
        description="intact (decoded whole), opens (not yet decoded), damaged or unreadable: what is known by now",
        examples=["intact"],
    )
    device: str | None = Field(description="a claim", examples=["AB00001"])
    officer: str | None = Field(description="a claim", examples=["000123"])
    started_at: datetime | None = Field(description="a claim")
    duration_seconds: float | None = Field(examples=[61.5])
    received_at: datetime
    sealed_at: datetime
    retention_class: str = Field(examples=["general"])
    retain_until: date | None
    cases: list[CaseRef]
    renditions: list[str] = Field(examples=[["poster", "proxy"]])
    may_view: bool
    poster: str | None = Field(examples=["/api/v1/recordings/…/renditions/poster"])


class RenditionItem(Answer):
    name: str = Field(examples=["proxy"])
    media_type: str = Field(examples=["video/mp4"])
    size_bytes: int
    sha256: str = Field(examples=[SHA256])
    tool: str = Field(examples=["ffmpeg"])
    tool_version: str = Field(examples=["7.1.1"])
    created_at: datetime
    cut_short_at: int | None = Field(
        description="of a recovery copy whose time was used up: the byte of the original up to which it is",
        examples=[None],
    )
    facts: dict[str, str | int | float] | None = Field(
        description="what it takes to show it, of a sprite its layout; null where it was made before facts were kept",
        examples=[
            {"columns": 10, "rows": 1, "tiles": 6, "tile_width": 160, "tile_height": 90, "interval_seconds": 1.0}
        ],
    )


class MediaJobItem(Answer):
    """`nothing`: there is no such thing to make of this file."""

    kind: str = Field(examples=["proxy"])
    state: str = Field(examples=["done"])
    outcome: str | None


class RecoveryReference(Answer):
    """A whole film that may tell how to read one without its index."""

    id: uuid.UUID
    original_name: str
    device: str | None
    started_at: datetime | None
    same_device: bool


class NewRecovery(Form):
    """`reference`: a recording of the same recorder, in the same mode where it has several."""

    reference: uuid.UUID


class LinkItem(Answer):
    """A recording's place in a case; `made_by` is person or window (the linker, by device, officer and time)."""

    id: uuid.UUID
    case: CaseRef
    recording_id: uuid.UUID
    stage: str = Field(examples=["investigation"])
    made_by: str = Field(examples=["window"])
    person: PersonRef | None
    reason: str
    score: int | None = Field(description="the linker's; null for a link by hand", examples=[85])
    reasons: list[ScoredReason]
    created_at: datetime
    ended_at: datetime | None
    ended_by: PersonRef | None
    end_reason: str | None


class HoldItem(Answer):
    id: uuid.UUID
    recording_id: uuid.UUID | None
    case_id: uuid.UUID | None
    reason: str
    placed_by: PersonRef
    placed_at: datetime
    released_by: PersonRef | None
    released_at: datetime | None
    release_reason: str | None


class ReceiptItem(Answer):
    """`repeat`: the file had been sealed before."""

    upload_id: str = Field(examples=["0f9f3c6d2b7e4a158d3c2b1a0f9e8d7c"])
    repeat: bool
    issued_at: datetime


class AgainItem(Answer):
    """What was said of the same bytes when they came again. `differs`: in what it is said otherwise; `claims`: all that
    was said then, with its source."""

    upload_id: str = Field(examples=["0f9f3c6d2b7e4a158d3c2b1a0f9e8d7c"])
    station_id: uuid.UUID
    received_at: datetime
    original_name: str = Field(examples=["AB00001_000123_20260101093000.MP4"])
    differs: list[str] = Field(
        description="of name, device, officer, time, act, mark", examples=[["device", "officer", "time"]]
    )
    device: str | None = Field(examples=["AB00001"])
    officer: str | None = Field(examples=["000123"])
    started_at: datetime | None
    act: str | None = Field(examples=["seizure"])
    claims: list[Json]


class ClockItem(Answer):
    """One clock's word on the first frame. `offset_seconds`: later than `started_at`, the best estimate, by so much."""

    role: str = Field(description="gps, station, name or device", examples=["device"])
    time: datetime
    source: str = Field(examples=["tag:creation_time"])
    uncertainty_seconds: float = Field(examples=[300.0])
    offset_seconds: float | None = Field(examples=[-28782.0])
    notes: list[str] = Field(examples=[["z_was_local_time", "off_against_gps"]])


class SegmentItem(Answer):
    """A segment of one act. `gap_seconds`: between the end of the one before and its start by the clock of `basis`, as
    they were recorded, whatever has been lost of a damaged one since; negative where they overlap, null for the
    first."""

    recording_id: uuid.UUID
    ordinal: int = Field(examples=[2])
    segment_count: int = Field(examples=[5])
    gap_seconds: float | None = Field(examples=[0.04])
    basis: str = Field(description="device, name, gps, station or number", examples=["device"])
    started_at: datetime | None
    duration_seconds: float | None
    media_state: str = Field(description="as of the recording itself", examples=["opens"])


class PositionTrackItem(Answer):
    """A track: rows in the order of time, their places named by `columns`. `read_from`: the recording that holds it."""

    source: str = Field(examples=["gpmf"])
    read_from: uuid.UUID
    point_count: int = Field(examples=[191])
    sha256: str = Field(description="of the rows as canonical JSON", examples=[SHA256])
    columns: list[str] = Field(
        examples=[["offset_ms", "latitude_e7", "longitude_e7", "altitude_cm", "speed_cm_s", "fix"]]
    )
    points: list[list[int | None]] = Field(examples=[[[0, 312304000, 1214737000, 1250, 150, 3]]])


class Positions(Answer):
    tracks: list[PositionTrackItem]


class MissingOfTrack(Answer):
    """A track of an MP4, by its id, of which samples lie beyond the end of the file."""

    track: int = Field(examples=[2])
    kind: str = Field(description="video, audio, data, subtitle or other", examples=["audio"])
    declared_samples: int = Field(examples=[2646000])
    present_samples: int = Field(examples=[646000])
    declared_seconds: float | None = Field(examples=[60.0])
    present_seconds: float | None = Field(examples=[14.649])


class MissingItem(Answer):
    """What a damaged file lacks. null: nobody can say. Bytes and frames are counts, seconds approximate."""

    declared_seconds: float | None = Field(examples=[5.056])
    present_seconds: float | None = Field(examples=[2.831])
    declared_frames: int | None = Field(examples=[125])
    present_frames: int | None = Field(examples=[70])
    counted_by: str | None = Field(description="decoding, or packets where that took too long", examples=["decoding"])
    declared_bytes: int | None = Field(examples=[1992800])
    present_bytes: int | None = Field(examples=[1195680])
    missing_bytes: int | None = Field(
        description="beyond the end of the file; 0 where a part was overwritten with zeros", examples=[797120]
    )
    first_missing_byte: int | None = Field(examples=[1195680])
    first_missing_seconds: float | None = Field(examples=[2.831])
    tracks: list[MissingOfTrack] = Field(default_factory=list, description="those whose tables name more than there is")


class DecodingItem(Answer):
    """A look at all of it. `state` is intact, damaged or not_decoded; null: nobody can say."""

    state: str = Field(examples=["damaged"])
    reason: str | None = Field(examples=["frames_missing"])
    declared_frames: int | None = Field(examples=[132])
    decoded_frames: int | None = Field(examples=[91])
    refused_packets: int = Field(description="of picture and sound, that gave nothing", examples=[118])
    complaints: int = Field(description="of the decoders", examples=[311])
    first_complaint_ms: int | None = Field(description="about where the first was, from the start", examples=[1760])
    way: str = Field(description="decode, or proxy where that was encoded anyway", examples=["decode"])
    tool: str = Field(examples=["ffmpeg"])
    tool_version: str = Field(examples=["7.1.1"])
    decoded_at: datetime


class RecordingDetail(RecordingItem):
    """Everything the catalog knows. `claims` are what was said, with their source; `findings` what our tools saw.

    `started_at` is the best estimate, by `started_at_source`; `clocks` are all that said when; the place is in degrees
    of WGS 84, null where nothing believable says so."""

    unit_id: uuid.UUID
    station_id: uuid.UUID
    sm3: str = Field(examples=["66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"])
    chunk_root: str = Field(examples=[SHA256])
    ciphertext_sha256: str = Field(examples=[SHA256])
    ciphertext_size_bytes: int
    manifest_sha256: str = Field(description="of the DSSE file at …/manifest", examples=[SHA256])
    token_time: datetime
    ledger_index: int | None = Field(description="of the entry recording.sealed; null until it has one", examples=[42])
    started_at_source: str | None = Field(examples=["track:gpmf"])
    started_at_uncertainty_seconds: float | None = Field(examples=[2.0])
    clocks: list[ClockItem]
    latitude: float | None = Field(examples=[31.2304])
    longitude: float | None = Field(examples=[121.4737])
    place_source: str | None = Field(examples=["track:gpmf"])
    segments: list[SegmentItem] = Field(
        description="all of its act, itself among them; empty for one that stands alone"
    )
    claims: list[Json]
    findings: Json
    missing: MissingItem | None = Field(description="of a damaged recording")
    sealed_as: str = Field(description="the state that its manifest states", examples=["opens"])
    decoding: DecodingItem | None = Field(description="null while it was not decoded")
    media_jobs: list[MediaJobItem]
    copies: list[RenditionItem]
    links: list[LinkItem]
    holds: list[HoldItem]
    receipts: list[ReceiptItem]
    received_again: list[AgainItem] = Field(description="each time that something else was said of it, the first first")


class ViewingItem(Answer):
    """What one grant let one person see of this recording."""

    person: PersonRef
    grant_id: uuid.UUID
    purpose: str = Field(examples=["核对现场经过"])
    first_opened_at: datetime
    last_opened_at: datetime
    window_count: int
    sent_bytes: int


class EntryItem(Answer):
    """A ledger entry as it was hashed, and beside it what its ids and commitments stand for today.

    `index` is null until the sequencer has given the entry its place.
    """

    index: int | None = Field(examples=[42])
    entry_id: uuid.UUID
    leaf_hash: str | None = Field(examples=[SHA256])
    entry: Json
    names: dict[str, str] = Field(description="id → name", examples=[{"5f0c…": "王敏"}])
    openings: dict[str, str] = Field(description="what a commitment commits to", examples=[{"reason": "同一现场"}])
