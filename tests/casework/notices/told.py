"""A party is told of a draft, served, and heard: by the deeds of casework, where a case waits to be decided."""

from __future__ import annotations

import dataclasses
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from casework.deadlines.events import enter_event, fulfil_term
from casework.notices.replies import Said, answer_reply, state_reply
from casework.notices.rules import load_shipped_notice_rules
from casework.notices.standing import missing_before
from casework.notices.telling import Spoken, tell_by_document, tell_on_the_spot
from casework.service.serving import Served, state_service
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.deadlines import CaseTerm
from storage.catalog.decisions import DecisionVersion
from storage.catalog.documents import DocumentIssuer
from storage.catalog.notices import NoticeRule, PartyNotice, PartyReply, ReplyAnswer
from storage.catalog.recordings import Recording
from storage.catalog.service import CaseService
from tests.casework.documents.conftest import Office
from tests.casework.review.attempts.papers import office_of
from tests.casework.review.conftest import Bench, make_bench
from tests.casework.sample_archive import REVIEW_KEYS

WORDS = {
    "facts": "占用人行道堆放建筑材料。",
    "violated": "《重庆市市容环境卫生管理条例》",
    "basis": "《重庆市市容环境卫生管理条例》",
    "contact": "李伟",
    "phone": "023-67000000",
    "address": "江北区观音桥 12 号",
}
DAYS = 3
FILM_OF_SIGNING = "送达和当事人表示的录像"


@dataclass
class Telling:
    """`bench`: whose case and people; `office`: where its papers are written."""

    bench: Bench
    office: Office

    @property
    def session(self) -> Session:
        return self.bench.session

    def draft(self, case: Case | None = None, **said: Any) -> DecisionVersion:
        """A fine of two hundred yuan: small enough to need neither review nor hearing."""
        return self.bench.draft(self.bench.small(**said), case)

    def paper(self, version: DecisionVersion, kind: str = "penalty", **other: Any) -> uuid.UUID:
        """A final notice that says what the draft does, but for what is said otherwise; its id."""
        fields: dict[str, Any] = {**WORDS, "party": version.party, "proposed": version.content, **other}
        if kind == "penalty":
            fields.setdefault("days", DAYS)
            if version.amount_fen is not None:
                fields.setdefault("amount", f"{version.amount_fen / 100:.2f}")
        else:
            fields.pop("violated")
        of = self.office_in(version.case_id)
        return of.finish("penalty_notice" if kind == "penalty" else "hearing_rights_notice", fields).document_id

    def tell(self, version: DecisionVersion, kind: str = "penalty", **other: Any) -> PartyNotice:
        document = self.paper(version, kind, **other)
        return tell_by_document(self.session, self.bench.officer, version.decision_id, kind, document)

    def tell_on_the_spot(self, version: DecisionVersion, at: datetime | None = None) -> PartyNotice:
        now = datetime.now(UTC)
        spoken = Spoken(self._handler(version.case_id).id, at or now, "观音桥步行街")
        return tell_on_the_spot(self.session, self.bench.officer, version.decision_id, spoken, now)

    def serve(self, notice: PartyNotice, to: str | None = None) -> CaseService:
        version = self.session.get_one(DecisionVersion, notice.version_id)
        now = datetime.now(UTC)
        served = Served(
            "in_person",
            now,
            to or version.party,
            document_id=notice.document_id,
            receiver="陈强，经理",
            recording_id=self.film(notice.case_id).id,
        )
        return state_service(self.session, self.bench.officer, notice.case_id, served, REVIEW_KEYS, now)

    def hear(self, notice: PartyNotice, kind: str, content: str | None = None, *, proven: bool = True) -> PartyReply:
        now = datetime.now(UTC)
        film = self.film(notice.case_id).id if proven and kind != "statement" else None
        said = Said(kind, now, self._handler(notice.case_id).id, content, recording_id=film)
        return state_reply(self.session, self.bench.officer, notice.id, said, now)

    def answer(self, reply: PartyReply, outcome: str = "not_adopted") -> ReplyAnswer:
        return answer_reply(self.session, self.bench.officer, reply.id, outcome=outcome, reason="录像显示占道已久")

    def hold_hearing(self, case: Case | None = None, *, told_days_before: int | None = 20) -> None:
        """Today; the party was told of it so many days before, or not at all."""
        now = datetime.now(UTC)
        today, of = chinese_day(now), (self.session, self.bench.officer)
        event = enter_event(*of, (case or self.bench.case).id, "hearing_held", today, now)
        if told_days_before is not None:
            term = self.session.scalars(select(CaseTerm).where(CaseTerm.event_id == event.id)).one()
            fulfil_term(*of, term.id, today - timedelta(days=told_days_before), now)

    def tell_all(self, version: DecisionVersion) -> PartyNotice:
        """Told, served, and he gives it up: nothing is missing before a penalty that owes no hearing."""
        notice = self.tell(version)
        self.serve(notice)
        self.hear(notice, "statement_waived")
        return notice

    def offer_hearing(self, version: DecisionVersion) -> PartyNotice:
        notice = self.tell(version, "hearing")
        self.serve(notice)
        return notice

    def missing(self, version: DecisionVersion) -> tuple[str, ...]:
        self.session.flush()
        return missing_before(self.session, [version.id])[version.id]

    def film(self, case_id: uuid.UUID) -> Recording:
        """Of the case, and not yet of any other."""
        archive, unit = self.bench.archive, self.bench.unit
        now = datetime.now(UTC)
        recording: Recording = archive.recording(unit, device=None, started_at=now, received_at=now)
        archive.link(recording, self.session.get_one(Case, case_id), self.bench.officer)
        return recording

    def office_in(self, case_id: uuid.UUID) -> Office:
        return dataclasses.replace(self.office, case=self.session.get_one(Case, case_id))

    def _handler(self, case_id: uuid.UUID) -> Any:
        from casework.handling import handlers_of

        case = self.session.get_one(Case, case_id)
        return handlers_of(self.session, case, chinese_day(datetime.now(UTC)))[0].person


def make_telling(session: Session, archive: Any) -> Telling:
    """Under the shipped rules of notices."""
    bench = make_bench(session, archive)
    load_shipped_notice_rules(session, datetime.now(UTC))
    return Telling(bench, office_of(bench))


def tell_whatever_is_owed(bench: Bench, version: DecisionVersion) -> None:
    if not bench.session.scalar(select(exists(select(NoticeRule.id)))):
        return
    telling = Telling(bench, make_office_beside(bench))
    telling.tell_all(version)
    telling.hear(telling.offer_hearing(version), "hearing_waived")


def make_office_beside(bench: Bench) -> Office:
    """Where the bench's case writes its documents, whoever named its issuer before."""
    people = (*bench.handlers, bench.supervisor, bench.reviewer)
    if bench.session.scalar(select(exists(select(DocumentIssuer.id)))):
        return Office(bench.session, bench.archive, bench.bureau, bench.unit, *people, bench.case)
    return office_of(bench)
