"""How what concerns recordings, cases, acts, documents and decisions is tried."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from integrity.local_time import chinese_day
from tests.api.http.boundary_attempt import WHY, Attempts, Try, a_moment, do, look, unique
from tests.api.http.boundary_scene import Bounds
from tests.api.http.bounds.cases import ARCHIVED, DUTY
from tests.api.http.bounds.decisions import ANSWER
from tests.api.http.bounds.units import API
from tests.api.http.test_decisions import SAID as BIG
from tests.api.http.test_decisions import WHOLE
from tests.casework.documents.conftest import INQUIRY


def explain(w: Bounds) -> Try:
    act = w.act()
    return do(f"acts/{act['id']}/explanations", starts_at=act["starts_at"], ends_at=act["ends_at"], reason="电池耗尽")


def answer_elements(w: Bounds) -> Try:
    asked = w.o.get(f"{API}/element-questions", params={"element": "act"}).json()["items"][0]
    seen = [{"recording_id": asked["recording_id"], "fingerprint": asked["fingerprint"]}]
    return do("element-answers", asked="act", value="other", questions=seen)


def answer_question(w: Bounds) -> Try:
    (asked,) = w.o.get(f"{API}/link-questions").json()["items"]
    return do(f"link-questions/{asked['id']}/answer", case_id=None, reason="与案件无关")


def fulfil(w: Bounds) -> Try:
    term = w.event()["deadlines"][0]["term_id"]
    return do(f"terms/{term}/fulfilment", done_on=chinese_day(w.now).isoformat())


def change_decision(w: Bounds) -> Try:
    decision = w.decision()
    form = {**BIG, "amount_fen": 9_000_000, "reason": "加重", "former": decision["versions"][-1]["id"]}
    return do(f"decisions/{decision['id']}/versions", **form)


def on_decision(decision: Any, deed: str, **form: Any) -> Try:
    return do(f"decisions/{decision['id']}/{deed}", version_id=decision["versions"][-1]["id"], **form)


def correct_act(w: Bounds) -> Try:
    """Its place: to make an act shorter is a supervisor's."""
    use = w.use()
    act = w.act(**use)
    return do(f"acts/{act['id']}/corrections", kind="evidence", place="观音桥步行街 12 号", reason="漏填地点", **use)


def sign_as_party(w: Bounds) -> Try:
    form = {"role": "party", "name": "陈强", "outcome": "signed", "signed_at": "2026-03-09T10:10:00+08:00"}
    return do(f"documents/{w.begin('inquiry_record')['id']}/statements", **form)


OF_CASES: Attempts = {
    "GET /api/v1/recordings": lambda w: look("recordings", w.recording.id),
    **{
        f"{method} /api/v1/recordings/{{recording_id}}{rest}": lambda w, rest=rest: look(
            f"recordings/{w.recording.id}{rest.replace('{name}', 'proxy')}"
        )
        for method, rest in (
            *(("GET", each) for each in ("", "/manifest", "/token", "/chain", "/positions", "/viewings", "/elements")),
            *((each, "/original") for each in ("GET", "HEAD")),
            *((each, "/renditions/{name}") for each in ("GET", "HEAD")),
            ("GET", "/recovery-references"),
            ("GET", "/recall"),
            ("GET", "/redactions"),
        )
    },
    **{
        f"GET /api/v1/cases/{{case_id}}{rest}": lambda w, rest=rest: look(f"cases/{w.case.id}{rest}")
        for rest in (
            *("", "/timeline", "/officers", "/archive", "/catalogue", "/acts", "/completeness", "/deadlines"),
            *("/documents", "/decisions", "/party-notices", "/services", "/copies"),
        )
    },
    "POST /api/v1/recordings/{recording_id}/recall": lambda w: do(f"recordings/{w.recording.id}/recall"),
    "POST /api/v1/recordings/{recording_id}/recovery": lambda w: do(
        f"recordings/{w.recording.id}/recovery", reference=str(w.asked.id)
    ),
    "GET /api/v1/element-questions": lambda w: look("element-questions", w.recording.id),
    "POST /api/v1/element-answers": answer_elements,
    "GET /api/v1/element-policies": lambda w: look("element-policies"),
    "POST /api/v1/cases": lambda w: do(
        "cases", number=unique("江城罚"), title="占道", kind="penalty", procedure="ordinary_penalty"
    ),
    "GET /api/v1/cases": lambda w: look("cases", w.case.id, number=w.case.number),
    "POST /api/v1/cases/{case_id}/stages": lambda w: do(f"cases/{w.fresh().id}/stages", stage="investigation"),
    "POST /api/v1/cases/{case_id}/procedure": lambda w: do(
        f"cases/{w.fresh().id}/procedure", procedure="hearing_penalty", reason="当事人要求听证"
    ),
    "POST /api/v1/cases/{case_id}/close": lambda w: do(f"cases/{w.fresh().id}/close", reason="经查无违法事实"),
    "POST /api/v1/cases/{case_id}/assignments": lambda w: do(
        f"cases/{w.fresh().id}/assignments", device="ZZ00009", **DUTY
    ),
    "POST /api/v1/assignments/{assignment_id}/corrections": lambda w: do(
        f"assignments/{w.assignment()}/corrections", officer="000777", **DUTY, **WHY
    ),
    "POST /api/v1/assignments/{assignment_id}/withdraw": lambda w: do(f"assignments/{w.assignment()}/withdraw", **WHY),
    "POST /api/v1/cases/{case_id}/links": lambda w: do(
        f"cases/{w.case.id}/links",
        recording_id=str(w.film(unique("l") + ".mp4").id),
        stage="investigation",
        reason="同一现场",
    ),
    "DELETE /api/v1/links/{link_id}": lambda w: do(
        f"links/{w.served.link(w.film(unique('x') + '.mp4'), w.fresh(), w.o.person)}", **WHY
    ),
    "GET /api/v1/link-questions": lambda w: look("link-questions", w.asked.id),
    "POST /api/v1/link-questions/{question_id}/answer": answer_question,
    "GET /api/v1/unlinked": lambda w: look("unlinked", w.asked.id),
    "POST /api/v1/cases/{case_id}/officers": lambda w: do(f"{w.at}/officers", person_id=str(w.someone().id)),
    "POST /api/v1/case-officers/{case_officer_id}/release": lambda w: do(f"case-officers/{w.handler()}/release", **WHY),
    "POST /api/v1/cases/{case_id}/identity": lambda w: do(
        f"{w.at}/identity", person_id=str(w.o.person.id), shown_at=a_moment()
    ),
    "POST /api/v1/cases/{case_id}/notices": lambda w: do(
        f"{w.at}/notices", person_id=str(w.o.person.id), given_at=a_moment()
    ),
    "POST /api/v1/cases/{case_id}/secrecy": lambda w: do(f"cases/{w.fresh().id}/secrecy", secrecy_class="privacy"),
    "POST /api/v1/cases/{case_id}/archive": lambda w: do(f"cases/{w.closed().id}/archive", **ARCHIVED),
    "POST /api/v1/cases/{case_id}/archive/supplements": lambda w: do(
        f"cases/{w.archived().id}/archive/supplements",
        recordings=[{"recording_id": str(w.film(unique("s") + ".mp4").id), "stage": "initiation"}],
        reason="存储卡修复后取得",
    ),
    "GET /api/v1/cases/{case_id}/catalogue.{form}": lambda w: look(f"cases/{w.archived().id}/catalogue.csv"),
    "GET /api/v1/act-kinds": lambda w: look("act-kinds"),
    "GET /api/v1/gaps": lambda w: look("gaps", w.act()["id"]),
    "POST /api/v1/cases/{case_id}/acts": lambda w: do(f"{w.at}/acts", kind="evidence", **w.use()),
    "POST /api/v1/acts/{act_id}/end": lambda w: do(
        f"acts/{w.act(starts_at=a_moment(), ends_at=None)['id']}/end", ends_at=datetime.now(UTC).isoformat()
    ),
    "POST /api/v1/acts/{act_id}/corrections": correct_act,
    "POST /api/v1/acts/{act_id}/withdraw": lambda w: do(f"acts/{w.act()['id']}/withdraw", **WHY),
    "POST /api/v1/acts/{act_id}/explanations": explain,
    "POST /api/v1/explanations/{explanation_id}/decision": lambda w: do(
        f"explanations/{w.explanation()}/decision", confirmed=True
    ),
    "POST /api/v1/explanations/{explanation_id}/withdraw": lambda w: do(
        f"explanations/{w.explanation()}/withdraw", **WHY
    ),
    "GET /api/v1/deadlines": lambda w: look("deadlines", w.event()["deadlines"][0]["term_id"]),
    "POST /api/v1/cases/{case_id}/events": lambda w: do(
        f"cases/{w.fresh().id}/events", kind="evidence_registered", day=chinese_day(w.now).isoformat()
    ),
    "POST /api/v1/events/{event_id}/withdraw": lambda w: do(f"events/{w.event()['id']}/withdraw", **WHY),
    "POST /api/v1/terms/{term_id}/fulfilment": fulfil,
    "GET /api/v1/document-templates": lambda w: look("document-templates"),
    "POST /api/v1/cases/{case_id}/documents": lambda w: do(f"{w.at}/documents", kind="inquiry_record", fields={}),
    "GET /api/v1/documents/{document_id}": lambda w: look(f"documents/{w.draft['id']}"),
    "POST /api/v1/documents/{document_id}/readings": lambda w: do(
        f"documents/{w.begin('inquiry_record')['id']}/readings", **WHY
    ),
    "GET /api/v1/documents/{document_id}/readings": lambda w: look(
        f"documents/{w.draft['id']}/readings", w.o.person.id
    ),
    "PUT /api/v1/documents/{document_id}/text": lambda w: do(
        f"documents/{w.begin('inquiry_record')['id']}/text", fields=dict(INQUIRY), after=1
    ),
    "POST /api/v1/documents/{document_id}/signatures": lambda w: do(
        f"documents/{w.begin('inquiry_record')['id']}/signatures", role="officer"
    ),
    "POST /api/v1/documents/{document_id}/statements": sign_as_party,
    "POST /api/v1/documents/{document_id}/final": lambda w: do(f"documents/{w.begin('correction_notice')['id']}/final"),
    "POST /api/v1/documents/{document_id}/seal": lambda w: do(f"documents/{w.final()['id']}/seal"),
    "POST /api/v1/documents/{document_id}/withdraw": lambda w: do(f"documents/{w.final()['id']}/withdraw", **WHY),
    "GET /api/v1/documents/{document_id}/preview": lambda w: look(f"documents/{w.draft['id']}/preview"),
    "GET /api/v1/documents/{document_id}/pdf": lambda w: look(f"documents/{w.final()['id']}/pdf"),
    "POST /api/v1/cases/{case_id}/decisions": lambda w: do(f"cases/{w.ready().id}/decisions", **BIG),
    "POST /api/v1/decisions/{decision_id}/versions": change_decision,
    "POST /api/v1/decisions/{decision_id}/withdraw": lambda w: do(f"decisions/{w.decision()['id']}/withdraw", **WHY),
    "POST /api/v1/decisions/{decision_id}/submissions": lambda w: on_decision(w.decision(), "submissions", **WHOLE),
    "POST /api/v1/submissions/{submission_id}/withdraw": lambda w: do(
        f"submissions/{w.submitted()['submission_id']}/withdraw", **WHY
    ),
    "POST /api/v1/decisions/{decision_id}/issue": lambda w: on_decision(w.small(), "issue"),
    "POST /api/v1/decisions/{decision_id}/party-notices": lambda w: do(
        f"decisions/{w.simple()['id']}/party-notices", **w.telling()
    ),
    "POST /api/v1/party-notices/{notice_id}/withdraw": lambda w: do(f"party-notices/{w.told()}/withdraw", **WHY),
    "POST /api/v1/party-notices/{notice_id}/replies": lambda w: do(f"party-notices/{w.told()}/replies", **w.saying()),
    "POST /api/v1/party-replies/{reply_id}/withdraw": lambda w: do(f"party-replies/{w.reply()}/withdraw", **WHY),
    "POST /api/v1/party-replies/{reply_id}/answer": lambda w: do(f"party-replies/{w.reply()}/answer", **ANSWER),
    "POST /api/v1/reply-answers/{answer_id}/withdraw": lambda w: do(f"reply-answers/{w.answered()}/withdraw", **WHY),
    "GET /api/v1/cases/{case_id}/service-proofs": lambda w: look(f"{w.at}/service-proofs", method="in_person"),
    "POST /api/v1/cases/{case_id}/services": lambda w: do(f"{w.at}/services", **w.serving()),
    "POST /api/v1/case-services/{service_id}/withdraw": lambda w: do(
        f"case-services/{w.o.post(f'{w.at}/services', json=w.serving()).json()['id']}/withdraw", **WHY
    ),
    "GET /api/v1/search": lambda w: look("search", w.case.id, q=w.case.number),
    "GET /api/v1/search/{kind}": lambda w: look("search/recordings", w.recording.id, q=w.recording.original_name),
    "GET /api/v1/today": lambda w: look("today"),
    "GET /api/v1/shift": lambda w: look("shift"),
    "GET /api/v1/ending-cases": lambda w: look("ending-cases"),
}
