from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.checklists.checklists import load_shipped_checklists
from casework.deadlines.loading import load_shipped_terms
from casework.documents.drafts import Draft, begin_document
from casework.documents.finalising import finalise_document
from casework.documents.issuers import name_issuer
from casework.documents.seals import make_seal
from casework.documents.signing import sign_document, state_signature
from casework.documents.templates import load_shipped_templates
from casework.stages import enter_stage
from storage.catalog.casework import Case
from storage.catalog.documents import FinalDocument, UnitSeal
from storage.catalog.organisation import Person, Unit
from storage.ledger.append import Actor
from storage.seal_keys import SealKeys
from tests.casework.sample_archive import REVIEW_KEYS

OPERATOR = Actor.system("admin")
INQUIRY: Mapping[str, Any] = {
    "begun_at": "2026-03-09T09:00:00+08:00",
    "ended_at": "2026-03-09T09:40:00+08:00",
    "place": "观音桥步行街 12 号询问室",
    "person": "陈强",
    "person_id": "500105199001011234",
    "relation": "当事人",
    "questions": [{"question": "你是否在人行道上摆摊？", "answer": "是的，从三月一日开始。"}],
}
NOTICE: Mapping[str, Any] = {
    "party": "陈强",
    "facts": "在人行道摆设摊点，占用面积三平方米。",
    "basis": "《重庆市市容环境卫生管理条例》",
    "demand": "拆除摊点，恢复原状。",
    "until": "2026-03-20",
    "contact": "李伟",
    "phone": "023-67000000",
}
DECISION: Mapping[str, Any] = {
    "party_address": "江北区观音桥 12 号",
    "facts": "占用人行道经营。",
    "evidence": "现场检查笔录、询问笔录、录像。",
    "statement": "未提出陈述、申辩。",
    "reasons": "情节一般。",
    "basis": "《重庆市市容环境卫生管理条例》",
    "performance": "自收到本决定书之日起十五日内到指定银行缴纳。",
    "reconsideration": "江北区人民政府",
    "court": "江北区人民法院",
}


@dataclass
class Office:
    """A brigade below its bureau, in whose name and by whose numbers it writes; a case under investigation there, by
    two certified officers; the shipped templates."""

    session: Session
    archive: Any
    bureau: Unit
    unit: Unit
    officer: Person
    second: Person
    supervisor: Person
    reviewer: Person
    case: Case

    def begin(self, kind: str = "inquiry_record", fields: Mapping[str, Any] = INQUIRY, **more: Any) -> Draft:
        by = self.reviewer if kind == "review_opinion" else self.officer
        return begin_document(self.session, by, self.case.id, kind, fields, now(), **more)

    def sign(self, draft: Draft, *, party: bool = True) -> None:
        """By everybody whom its template asks for."""
        wanted = draft.template.signatures
        people = {"officer": (self.officer, self.second), "approver": (self.supervisor,), "reviewer": (self.reviewer,)}
        for role, signers in people.items():
            for person in signers[: wanted.get(role, 0)]:
                sign_document(self.session, person, draft.document.id, role, now())
        if party and "party" in wanted:
            self.party(draft)

    def party(self, draft: Draft, **more: Any) -> None:
        facts: dict[str, Any] = {"name": "陈强", "outcome": "signed", "signed_at": now(), "note": None, "now": now()}
        state_signature(self.session, self.officer, draft.document.id, "party", **{**facts, **more})

    def finish(self, kind: str = "inquiry_record", fields: Mapping[str, Any] = INQUIRY, **more: Any) -> FinalDocument:
        draft = self.begin(kind, fields, **more)
        self.sign(draft)
        by = self.reviewer if kind == "review_opinion" else self.officer
        return finalise_document(self.session, by, draft.document.id, now(), REVIEW_KEYS)

    def seal_with(self, keys: SealKeys) -> UnitSeal:
        return make_seal(self.session, OPERATOR, keys, self.bureau.id, "江北区城市管理局", now())


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def office(session: Session, archive: Any) -> Office:
    return make_office(session, archive)


@pytest.fixture
def office_in() -> Any:
    """The office in a session of the test's choice, for what commits."""
    return make_office


@pytest.fixture
def seal_keys(tmp_path: Path) -> SealKeys:
    (tmp_path / "keys").mkdir(mode=0o700)
    return SealKeys(tmp_path / "keys" / "seals")


def make_office(session: Session, archive: Any) -> Office:
    for load in (load_shipped_checklists, load_shipped_terms, load_shipped_templates):
        load(session, now())
    bureau = archive.unit()
    unit = archive.unit(bureau)
    supervisor, reviewer = (archive.person(unit, role) for role in ("supervisor", "legal_reviewer"))
    case = archive.case(supervisor)
    first, second = archive.handlers(case, supervisor)
    name_issuer(session, OPERATOR, bureau.id, name="重庆市江北区城市管理局", word=word_of(bureau))
    enter_stage(session, first, case.id, "investigation")
    return Office(session, archive, bureau, unit, first, second, supervisor, reviewer, case)


def word_of(unit: Unit) -> str:
    """A word that no other unit of the tests has."""
    number = int(unit.code.removeprefix("U"))
    return "江综执" + "".join("零一二三四五六七八九"[int(digit)] for digit in str(number)[-5:])
