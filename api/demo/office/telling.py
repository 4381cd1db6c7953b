"""Before a penalty the party is told, by papers that say what the draft does, and heard (docs/notices.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api.demo.cast import OFFICER
from api.demo.client import Facts
from api.demo.narration import Narrator
from api.demo.office.people import SECOND
from api.demo.office.working import CaseAtWork
from integrity.local_time import CHINA

PLACE = "江城区城市管理局三楼"
_SAYS = {
    "facts": "占用人行道经营，并违规存放物品。",
    "basis": "《重庆市市容环境卫生管理条例》",
    "contact": "陈立",
    "phone": "023-67000000",
    "address": PLACE,
}
_VIOLATED = {"violated": "《重庆市市容环境卫生管理条例》", "days": 3}


def tell_before(case: CaseAtWork, drafted: Facts, say: Narrator, *, asks_for_hearing: bool = False) -> None:
    """Told of what the draft says, and served. He states nothing in writing, and signs that; where a hearing is owed,
    he asks for it, and agrees to be heard at once."""
    version = drafted["versions"][-1]
    party, amount = version["party"], f"{version['amount_fen'] / 100:.2f}"
    said = {**_SAYS, "party": party, "proposed": version["content"]}
    notice = _tell(case, drafted, "penalty", "penalty_notice", {**said, **_VIOLATED, "amount": amount})
    _hear(case, notice, "statement_waived", document_id=_signed_record(case, party)["id"])
    if asks_for_hearing:
        offer = _tell(case, drafted, "hearing", "hearing_rights_notice", said)
        _hear(case, offer, "hearing_requested", content="要求公开举行听证")
        _hear(case, offer, "hearing_short_notice_agreed", document_id=_signed_record(case, party)["id"])
    told = "事先告知并送达，当事人书面放弃陈述" + ("，要求听证" if asks_for_hearing else "")
    say.held(f"{told}：{party}", "the party was told before the decision, served, and heard")


def _tell(case: CaseAtWork, drafted: Facts, kind: str, document_kind: str, fields: dict[str, Any]) -> Facts:
    paper = case.document(document_kind, fields)
    told = case.office.post(OFFICER, f"/decisions/{drafted['id']}/party-notices", kind=kind, document_id=paper["id"])
    case.serve(paper, datetime.now(CHINA), fields["party"], PLACE)
    return told


def _hear(case: CaseAtWork, notice: Facts, kind: str, **more: Any) -> None:
    now, heard_by = datetime.now(CHINA).isoformat(), case.office.ids[OFFICER.key]
    case.office.post(
        OFFICER, f"/party-notices/{notice['id']}/replies", kind=kind, said_at=now, heard_by=heard_by, **more
    )


def _signed_record(case: CaseAtWork, party: str) -> Facts:
    """询问笔录 in which the party says that he states nothing further, and which he signed."""
    now = datetime.now(CHINA).isoformat()
    fields = {
        "begun_at": now,
        "ended_at": now,
        "place": PLACE,
        "person": party,
        "person_id": "500105199001011234",
        "relation": "当事人",
        "questions": [{"question": "收到告知书后，是否陈述、申辩？", "answer": "没有异议，放弃陈述、申辩。"}],
    }
    return case.document("inquiry_record", fields, ((OFFICER, "officer"), (SECOND, "officer")), party)
