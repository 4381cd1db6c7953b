"""A small archive in rows: units, people, cases, and recordings whose bytes nobody will ever ask for."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.cases import open_case
from casework.handling import name_officer
from casework.organisation import create_person, create_unit
from casework.register.certificates import add_certificate
from casework.register.devices import add_device
from casework.register.issues import issue_device
from casework.requests import approve, ask
from casework.review.decisions import Said, draft_decision
from casework.review.issuing import issue_decision
from casework.review.passes import ReviewSigner
from casework.review.qualifications import add_qualification
from casework.review.reviewing import Answer, give_opinion
from casework.review.scopes import load_shipped_scopes
from casework.review.submitting import submit_decision
from ingest.metadata.claims import Claim
from integrity.epoch_keys import EpochKey
from integrity.keys import SigningKey
from integrity.ledger_entry import LedgerEntry, parse_entry
from retention.classes import CLASS_AT_SEALING, retain_until_at_sealing
from storage.catalog.access import Grant
from storage.catalog.casework import Case, CaseLink
from storage.catalog.decisions import DecisionIssue, DecisionVersion
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.organisation import Person, Unit
from storage.catalog.recordings import ReceivedAgain, Recording, Rendition, WholeDecoding
from storage.catalog.review import QUESTIONS, DecisionReview
from storage.catalog.stations import Station
from storage.catalog.uploads import Upload
from storage.ledger.append import Actor, Change, record_change
from tests.casework.review.words import words_of

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)
REVIEW_SIGNER = ReviewSigner(SigningKey.generate(), 1)
REVIEW_KEYS = (EpochKey(1, REVIEW_SIGNER.key.public),)
_numbers = itertools.count(1)


class SampleArchive:
    """Makes rows in one session. Whatever is not named is some valid value of its own."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._stations: dict[uuid.UUID, Station] = {}

    def unit(self, parent: Unit | None = None) -> Unit:
        number = next(_numbers)
        parent_id = None if parent is None else parent.id
        return create_unit(self.session, OPERATOR, name=f"第{number}大队", code=f"U{number:05}", parent_id=parent_id)

    def person(self, unit: Unit, role: str) -> Person:
        number = next(_numbers)
        return create_person(
            self.session,
            OPERATOR,
            unit_id=unit.id,
            name=f"人员{number}",
            sign_in_name=f"person{number}",
            role=role,
            badge_number=f"B{number:06}",
        )

    def certify(self, *people: Person, since: date = date(2020, 1, 1), last_day: date | None = None) -> None:
        """Each has a certificate of his own on these days."""
        for each in people:
            number = f"Z{next(_numbers):08}"
            add_certificate(self.session, OPERATOR, each.id, number=number, valid_from=since, last_day=last_day)

    def handlers(self, case: Case, by: Person) -> tuple[Person, Person]:
        """Two certified officers handle it."""
        first, second = self.person(self.unit_of(by), "officer"), self.person(self.unit_of(by), "officer")
        self.certify(first, second)
        for each in (first, second):
            name_officer(self.session, by, case.id, each.id)
        return first, second

    def decide(self, case: Case, by: Person, **said: Any) -> DecisionIssue:
        """A warning is issued, or what is `said`, with a pass where it needs one: the case can be executed."""
        now = datetime.now(UTC)
        load_shipped_scopes(self.session, now)
        measure = {"penalty": "warning", "coercion": "seizure", "inspection": "correction"}[case.kind]
        facts = {"level": "brigade", "field": "city_appearance", "party": "某商户", "party_kind": "organisation"}
        facts |= {"kind": case.kind, "measures": (measure,), **said}
        facts = {"content": words_of(facts["measures"], facts.get("amount_fen")), **facts}
        version = draft_decision(self.session, by, case.id, Said(**facts))
        if version.scope:
            self.let_pass(version, by)
        return issue_decision(self.session, by, version.decision_id, REVIEW_KEYS, now, version_id=version.id)

    def reviewer(self, unit: Unit) -> Person:
        """Somebody of the unit who may review, but for cases he takes part in."""
        person = self.person(unit, "legal_reviewer")
        days = {"valid_from": date(2020, 1, 1), "last_day": None}
        add_qualification(
            self.session, OPERATOR, person.id, ground="legal_profession", number=f"A{next(_numbers)}", **days
        )
        return person

    def let_pass(self, version: DecisionVersion, by: Person, opinion: str = "agreed") -> DecisionReview:
        """It is submitted, and somebody reviews it."""
        submission = submit_decision(
            self.session, by, version.decision_id, version_id=version.id, true=True, accurate=True, complete=True
        )
        answers = {question: Answer("yes", (f"version:{version.id}",)) for question in QUESTIONS}
        answers["crime"] = Answer("no", (f"version:{version.id}",))
        return give_opinion(
            self.session,
            self.reviewer(self.unit_of(by)),
            submission.id,
            opinion=opinion,
            answers=answers,
            statement="事实清楚，证据充分，同意",
            signer=REVIEW_SIGNER,
        )

    def unit_of(self, person: Person) -> Unit:
        return self.session.get_one(Unit, person.unit_id)

    def issue(self, unit: Unit, person: Person, code: str = "AB00001", since: datetime = LONG_AGO) -> None:
        """The register says that this person has the device, since long before anything was recorded."""
        device = add_device(self.session, OPERATOR, unit_id=unit.id, code=code)
        issue_device(self.session, OPERATOR, device.id, person.id, now=NOW, issued_at=since)

    def shelve(self, unit: Unit, code: str) -> None:
        """A device of the register that is with nobody."""
        add_device(self.session, OPERATOR, unit_id=unit.id, code=code)

    def case(self, by: Person, title: str = "占道经营") -> Case:
        return open_case(
            self.session,
            by,
            number=f"江城罚〔2026〕{next(_numbers)}号",
            title=title,
            kind="penalty",
            procedure="ordinary_penalty",
        )

    def recording(
        self,
        unit: Unit,
        *,
        device: str | None = "AB00001",
        officer: str | None = None,
        started_at: datetime | None = NOW - timedelta(days=1),
        uncertainty_seconds: float | None = 0.0,
        duration_seconds: float | None = 60.0,
        received_at: datetime = NOW,
        retention_class: str = CLASS_AT_SEALING,
        retain_until: date | str | None = "at sealing",
        claims: Sequence[Claim] = (),
        kind: str | None = None,
        **more: Any,
    ) -> Recording:
        recording_id, fake = uuid.uuid4(), _digests(next(_numbers))
        sealed = record_change(
            self.session, Actor.system("custody"), Change("recording.sealed", "recording", str(recording_id), unit.id)
        )
        self.session.flush()
        until = retain_until_at_sealing(received_at) if isinstance(retain_until, str) else retain_until
        facts = dict(
            id=recording_id,
            unit_id=unit.id,
            station_id=self.station(unit).id,
            original_name="AB00001_000123_20260309080000.MP4",
            size_bytes=200 << 20,
            chunk_root=fake,
            object_name=f"originals/2026/03/{recording_id}",
            object_version="1",
            ciphertext_size_bytes=(200 << 20) + 3240,
            kek_id="unit.2026-09.000001-0",
            wrapped_data_key=b"wrapped",
            media_state="opens",
            findings={} if kind is None else {"kind": kind},
            claims=[claim.as_facts() for claim in claims],
            device=device,
            officer=officer,
            started_at=started_at,
            started_at_source=_source_of(claims, started_at),
            started_at_uncertainty_seconds=uncertainty_seconds,
            duration_seconds=duration_seconds,
            received_at=received_at,
            sealed_at=received_at,
            manifest=b"envelope of " + fake,
            token=b"token of " + fake,
            token_time=received_at,
            sealed_entry_id=sealed.id,
            retention_class=retention_class,
            retain_until=until,
            **dict.fromkeys(("sha256", "sm3", "ciphertext_sha256", "manifest_sha256"), fake),
        )
        row = Recording(**facts | more)
        self.session.add(row)
        self.session.flush()
        return row

    def received_again(self, recording: Recording, differs: Sequence[str], **said: Any) -> ReceivedAgain:
        """Its bytes came once more, by another station, with these words."""
        upload = Upload(
            id=uuid.uuid4().hex,
            station_id=recording.station_id,
            unit_id=recording.unit_id,
            declared_length=recording.size_bytes,
            claims={},
            state="receipted",
            expires_at=NOW,
        )
        self.session.add(upload)
        self.session.flush()
        facts = {
            "upload_id": upload.id,
            "recording_id": recording.id,
            "unit_id": recording.unit_id,
            "station_id": recording.station_id,
            "original_name": "clip.mp4",
            "claims": [],
            "differs": list(differs),
            "received_at": recording.received_at,
        }
        row = ReceivedAgain(**facts | said)
        self.session.add(row)
        self.session.flush()
        self.session.expire_all()
        return row

    def decoded(self, recording: Recording, state: str = "damaged", **more: Any) -> WholeDecoding:
        """What a look at all of it said: that some of it is damaged, and where the first of it is nobody knows."""
        facts = {
            "recording_id": recording.id,
            "unit_id": recording.unit_id,
            "state": state,
            "reason": None if state == "intact" else "decoder_complained",
            "refused_packets": 0,
            "complaints": 0 if state == "intact" else 1,
            "way": "decode",
            "tool": "ffmpeg",
            "tool_version": "7.1",
            "decoded_at": NOW,
        }
        row = WholeDecoding(**facts | more)
        self.session.add(row)
        self.session.flush()
        self.session.refresh(recording)
        return row

    def rendition(self, recording: Recording, name: str = "proxy", **more: Any) -> Rendition:
        facts = dict(
            recording_id=recording.id,
            unit_id=recording.unit_id,
            name=name,
            media_type="video/mp4",
            size_bytes=1000,
            object_name=f"renditions/{recording.id}/{name}",
            ciphertext_size_bytes=1100,
            kek_id=recording.kek_id,
            wrapped_data_key=b"wrapped",
            parent_sha256=recording.sha256,
            tool="ffmpeg",
            tool_version="7.1",
            settings=["-c:v", "libx264"],
            **dict.fromkeys(("sha256", "ciphertext_sha256"), _digests(next(_numbers))),
        )
        row = Rendition(**facts | more)
        self.session.add(row)
        self.session.flush()
        return row

    def link(self, recording: Recording, case: Case, by: Person) -> CaseLink:
        row = CaseLink(
            unit_id=recording.unit_id,
            case_id=case.id,
            recording_id=recording.id,
            stage="investigation",
            made_by="person",
            person_id=by.id,
            reason="同一现场",
        )
        self.session.add(row)
        self.session.flush()
        return row

    def grant(
        self,
        case: Case,
        asker: Person,
        approver: Person,
        kind: str = "view",
        now: datetime = NOW,
        hours: int = 24,
        redacted: bool = False,
    ) -> Grant:
        """By the approver; a copy, if he is a supervisor, by a legal reviewer of his unit: the rules want him. Copies
        are of the originals, but `redacted` ones."""
        needs = "移送法院" if kind == "copy" and not redacted else None
        request = ask(self.session, asker, case_id=case.id, kind=kind, purpose="核对现场经过", unredacted_reason=needs)
        if request.state == "approved":  # by the rule: he handles the case
            return self.session.scalars(select(Grant).where(Grant.request_id == request.id)).one()
        if kind == "copy" and approver.role == "supervisor":
            approver = self.person(self.unit_of(approver), "legal_reviewer")
        until = now + timedelta(hours=hours)
        return approve(self.session, approver, request.id, expires_at=until, now=now, consent_reason=needs)

    def entries(self, action: str) -> list[LedgerEntry]:
        """The entries of one action, in the order they were written."""
        self.session.flush()
        rows = select(LedgerEntryRow.entry).where(LedgerEntryRow.action == action).order_by(LedgerEntryRow.serial)
        return [parse_entry(entry) for entry in self.session.scalars(rows)]

    def last_entry(self, action: str) -> LedgerEntry:
        return self.entries(action)[-1]

    def ledger_text(self) -> str:
        """All entries as text, to look for what must not be in there."""
        self.session.flush()
        return "\n".join(entry.decode() for entry in self.session.scalars(select(LedgerEntryRow.entry)))

    def new_station(self, unit: Unit) -> Station:
        """Another one: what comes from now on comes from there."""
        self._stations.pop(unit.id, None)
        return self.station(unit)

    def station(self, unit: Unit) -> Station:
        if unit.id not in self._stations:
            number = next(_numbers)
            station = Station(unit_id=unit.id, name=f"采集站{number}", token_hash=_digests(number))
            self.session.add(station)
            self.session.flush()
            self._stations[unit.id] = station
        return self._stations[unit.id]


def _source_of(claims: Sequence[Claim], started_at: datetime | None) -> str | None:
    """The satellites' where that is what they say, else the name's."""
    if started_at is None:
        return None
    said = (claim for claim in claims if claim.kind == "gps_time" and not isinstance(claim.value, str))
    theirs = (claim.source for claim in said if claim.value["time"] == started_at.isoformat())  # type: ignore[index]
    return next(theirs, "name:ga/t-947")


def _digests(number: int) -> Any:
    return hashlib.sha256(str(number).encode()).digest()
