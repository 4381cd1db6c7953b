"""A recording in a case, and whoever hides, checks and asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from casework.retrieval.copies import ask_for_copies
from casework.retrieval.redaction import (
    check_redaction,
    state_redaction,
)
from storage.catalog.access import Grant
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.catalog.redaction import Box, Mute, RedactedCopy, Redaction, RedactionCheck

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
FACE = Box(0.25, 0.1, 0.2, 0.3, 1.0, 4.5)
WORD = Mute(2.0, 2.5)
BOTH = {"kind": "video", "streams": [{"kind": "video", "codec": "h264"}, {"kind": "audio", "codec": "aac"}]}
SILENT = {"kind": "video", "streams": [{"kind": "video", "codec": "h264"}]}
SOUND = {"kind": "audio", "streams": [{"kind": "audio", "codec": "aac"}]}
STILL = {"kind": "still", "streams": [{"kind": "video", "codec": "mjpeg"}]}
LOST = {"kind": "none", "streams": [], "reasons": [{"code": "moov_missing", "facts": {}}]}


@dataclass
class Scene:
    session: Session
    archive: Any
    films: list[Recording] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.unit = self.archive.unit()
        self.officer, self.second, self.supervisor = (
            self.archive.person(self.unit, role) for role in ("officer", "officer", "supervisor")
        )
        self.case = self.archive.case(self.officer)
        self.films = [self.film(BOTH) for _ in range(2)]
        for person in (self.officer, self.second):
            self.let_view(person)

    def film(self, findings: dict[str, Any], **facts: Any) -> Recording:
        name = f"film{len(self.films) + 1}.mp4"
        film: Recording = self.archive.recording(self.unit, **{"findings": findings, "original_name": name, **facts})
        self.archive.link(film, self.case, self.officer)
        return film

    def let_view(self, person: Person) -> Grant:
        grant: Grant = self.archive.grant(self.case, person, self.supervisor, now=NOW)
        return grant

    def let_copy(self) -> Grant:
        grant: Grant = self.archive.grant(self.case, self.officer, self.supervisor, "copy", now=NOW)
        return grant

    def state(self, *spans: Box | Mute, film: Recording | int = 0, by: Person | None = None) -> Redaction:
        boxes = [each for each in spans if isinstance(each, Box)]
        mutes = [each for each in spans if isinstance(each, Mute)]
        of = film if isinstance(film, Recording) else self.films[film]
        return state_redaction(self.session, by or self.officer, of.id, boxes, mutes, "遮蔽面部", NOW)

    def check(self, redaction: Redaction, verdict: str = "passed", reason: str | None = None) -> RedactionCheck:
        return check_redaction(self.session, self.second, redaction.id, verdict, reason, NOW)

    def settle(self, *spans: Box | Mute, film: Recording | int = 0) -> Redaction:
        redaction = self.state(*spans, film=film)
        self.check(redaction)
        return redaction

    def ask(self, grant: Grant, *films: Recording) -> tuple[RedactedCopy, ...]:
        chosen = [film.id for film in films] or None
        return ask_for_copies(self.session, self.officer, self.case.id, grant.id, NOW, chosen)


def finish(session: Session, row: RedactedCopy) -> None:
    row.state, row.sha256, row.made_at = "done", bytes(32), NOW
    row.kek_id, row.wrapped_data_key = "unit.2026-09.000001-0", b"wrapped"
    row.object_name, row.ciphertext_size_bytes, row.ciphertext_sha256 = f"redacted/{row.id}", 1 << 20, bytes(32)
    session.flush()
