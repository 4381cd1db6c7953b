"""People with duties of publishing around a decision that was issued, in one session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.deadlines.events import enter_event
from casework.deadlines.loading import load_shipped_terms
from casework.publication.collecting import Said, collect
from casework.publication.duties import name_to_duty
from casework.publication.publicity import load_shipped_publicity
from casework.publication.stepping import pass_on, publish, transmit
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.deadlines import CaseEvent, CaseTerm
from storage.catalog.organisation import Person
from storage.catalog.publication import Publication, PublicationStep, PublicationVersion
from tests.casework.sample_archive import OPERATOR, REVIEW_KEYS

CITIZEN = {"party": "张三丰", "party_kind": "citizen", "amount_fen": 5_000, "content": "对张三丰罚款五十元"}


@dataclass
class Press:
    """`collector` also hands on; `reviewers` are two; `publisher` publishes."""

    bench: Any
    collector: Person
    reviewers: tuple[Person, Person]
    publisher: Person

    @property
    def session(self) -> Session:
        session: Session = self.bench.session
        return session

    def issued(self, case: Case | None = None, **said: Any) -> CaseEvent:
        """A small fine, or what is `said`, is decided today; the event from which its publication runs."""
        version = self.bench.draft(self.bench.small(**said), case)
        if version.scope:
            self.bench.review(version)
        self.bench.issue(version)
        return self.event_of(version.case_id, "penalty_decided")

    def inspected(self, case: Case | None = None) -> CaseEvent:
        """The result of a double-random check of today."""
        case = case or self.bench.another_case(procedure="random_check")
        now = datetime.now(UTC)
        return enter_event(self.session, self.bench.officer, case.id, "inspection_concluded", chinese_day(now), now)

    def event_of(self, case_id: Any, kind: str) -> CaseEvent:
        return self.session.scalars(select(CaseEvent).where(CaseEvent.case_id == case_id, CaseEvent.kind == kind)).one()

    def collect(self, event: CaseEvent, by: Person | None = None, **said: Any) -> PublicationVersion:
        if event.kind == "inspection_concluded":
            said = {
                "party_full": "某商贸有限公司",
                "party_kind": "organisation",
                "conclusion_full": "未发现问题",
                **said,
            }
        return collect(self.session, by or self.collector, event.id, Said(**said), datetime.now(UTC))

    def transmit(self, version: PublicationVersion) -> PublicationStep:
        return transmit(self.session, self.collector, version.publication_id, version.id)

    def let_pass(self, version: PublicationVersion, reviewers: int | None = None) -> None:
        """Handed on, and passed by as many as it needs."""
        self.transmit(version)
        for each in self.reviewers[: reviewers or (2 if version.needs_second else 1)]:
            pass_on(self.session, each, version.publication_id, version.id)

    def publish(self, version: PublicationVersion, by: Person | None = None) -> PublicationStep:
        who, now = by or self.publisher, datetime.now(UTC)
        return publish(self.session, who, version.publication_id, version.id, REVIEW_KEYS, now)

    def published(self, event: CaseEvent | None = None, **said: Any) -> PublicationVersion:
        version = self.collect(event or self.issued(), **said)
        self.let_pass(version)
        self.publish(version)
        return version

    def row(self, version: PublicationVersion) -> Publication:
        return self.session.get_one(Publication, version.publication_id, populate_existing=True)

    def term(self, event: CaseEvent, kind: str) -> CaseTerm:
        return self.session.scalars(select(CaseTerm).where(CaseTerm.event_id == event.id, CaseTerm.kind == kind)).one()


def make_press(bench: Any) -> Press:
    now = datetime.now(UTC)
    load_shipped_terms(bench.session, now)
    load_shipped_publicity(bench.session, now)
    reviewers = tuple(bench.archive.person(bench.unit, "supervisor") for _ in range(2))
    publisher = bench.archive.person(bench.unit, "publisher")
    for person, duty in (
        (bench.officer, "collect"),
        (bench.officer, "transmit"),
        *((each, "review") for each in reviewers),
        (publisher, "publish"),
    ):
        name_to_duty(bench.session, OPERATOR, person.id, duty)
    return Press(bench, bench.officer, (reviewers[0], reviewers[1]), publisher)
