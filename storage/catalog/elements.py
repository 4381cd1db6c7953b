"""Required elements (必备要素): which a recording must have, which it lacks or contradicts, what people answered."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, HeldUnitId, Id, Instant, Json, JsonList, of_recording, one_of
from storage.catalog.rules import RuleVersion

ELEMENTS = ("unit", "officer", "device", "time", "place", "act", "case")
"""单位、执法人员、设备、时间、地点、执法行为、案件."""


class ElementPolicy(RuleVersion):
    """One version of which elements a recording must have."""

    __tablename__ = "element_policy"


class RecordingJudgement(Base):
    """What was made of one recording: each element with its state, source and what speaks against it.

    Derived, and made again whenever a fact changes. `day` and `policies` say by which versions; `officer_id` is whose
    recording it is, as far as anybody can say, `device_id` what made it.
    """

    __tablename__ = "recording_judgement"
    __table_args__ = (of_recording(), Index("ix_recording_judgement_day", "day"))
    recording_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[HeldUnitId]
    day: Mapped[date]
    policies: Mapped[JsonList]
    elements: Mapped[Json]
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    device_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("device.id"), index=True)
    judged_at: Mapped[Instant]


class JudgementDue(Base):
    """A note that a fact about a recording has changed since it was judged; it goes once that is read."""

    __tablename__ = "judgement_due"
    __table_args__ = (of_recording(),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    recording_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID]


class ElementQuestion(Base):
    """One element of one recording that somebody has to say something about, now. `officer_id` null: the supervisors.

    Derived with the judgement. `codes` say what is missing or contradictory, `fingerprint` names what exactly is asked.
    `station_id` is where it came in, of a recording whose device its file does not name, and `card` what the station
    calls the card or folder it came from; `day` is then that of its receipt, else the one it is judged by.
    """

    __tablename__ = "element_question"
    __table_args__ = (
        of_recording(),
        CheckConstraint(one_of("element", *ELEMENTS), name="element"),
        Index("ix_element_question_queue", "unit_id", "officer_id", "asked_at", "recording_id"),
        Index("ix_element_question_unit", "unit_id", "asked_at", "recording_id"),
    )
    recording_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    element: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[uuid.UUID]
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    device: Mapped[str | None]
    station_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("station.id"))
    card: Mapped[str | None]
    day: Mapped[date]
    codes: Mapped[JsonList]
    fingerprint: Mapped[str]
    asked_at: Mapped[Instant]


class ElementAnswer(Base):
    """What somebody said of one element, beside the claim, which stays. The highest `ordinal` counts.

    `value` null: it cannot be had, and `reason` says why. `basis` is what the answer was chosen by, a word of
    casework/elements/candidates.py; `settles` are marks of the contradictions that were seen and stand: the code, and a
    digest of what stands against what. A code alone, of an earlier release, settles nothing any more.
    """

    __tablename__ = "element_answer"
    __table_args__ = (
        of_recording(),
        UniqueConstraint("recording_id", "element", "ordinal"),
        # By signs, COLLATE "C": a query that compares values has to say so too.
        Index("ix_element_answer_value", "unit_id", "element", "value"),
        CheckConstraint(one_of("element", *ELEMENTS), name="element"),
        CheckConstraint("ordinal > 0", name="ordinal"),
        CheckConstraint("reason IS NOT NULL OR (value IS NOT NULL AND basis <> 'own_word')", name="reason"),
    )
    id: Mapped[Id]
    unit_id: Mapped[HeldUnitId]
    recording_id: Mapped[uuid.UUID]
    element: Mapped[str]
    ordinal: Mapped[int]
    value: Mapped[str | None]
    basis: Mapped[str]
    settles: Mapped[JsonList]
    reason: Mapped[str | None]
    answered_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[Instant]

    @property
    def settled_codes(self) -> list[str]:
        """What its entry states; a digest could be guessed back to a badge number, so the entry only commits to it."""
        return [mark.partition(":")[0] for mark in self.settles]

    @property
    def settled_marks(self) -> str:
        """What its entry has committed to."""
        return " ".join(self.settles)
