"""How what concerns legal review, publication, retrieval and retention is tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from integrity.local_time import chinese_day
from tests.api.http.boundary_attempt import WHY, Attempts, Try, do, hand_in, look, unique
from tests.api.http.boundary_scene import BOX, Bounds
from tests.api.http.bounds.units import API
from tests.api.http.test_decisions import answers

SHEET = {"subject": 10, "evidence": 25, "procedure": 20, "law": 15, "documents": 10, "recording": 10, "archiving": 10}
WITHHELD = {"withhold_ground": "no_social_effect", "withhold_reason": "不具有社会影响"}


def void_qualification(w: Bounds) -> Try:
    reviewer = w.someone("legal_reviewer")
    form = {"ground": "legal_profession", "number": unique("A"), "valid_from": "2020-03-01"}
    made = w.a.post(f"{API}/people/{reviewer.id}/qualifications", json=form)
    return do(f"qualifications/{made.json()['id']}/void", **WHY)


def give_opinion(w: Bounds) -> Try:
    decision = w.submitted()
    return do(f"submissions/{decision['submission_id']}/opinion", **w.opinion(decision, "agreed"))


def keep_minutes(w: Bounds) -> Try:
    dispute = w.dispute()
    version = w.l.get(f"{API}/disagreements/{dispute}").json()["decision"]["versions"][-1]["id"]
    members = [str(w.served.person(w.units["above"], "supervisor").id) for _ in range(3)]
    votes = {"presided_by": members[0], "members": members, "votes_for": 3, "votes_against": 0}
    said = {"place": "三楼", "minutes": "一致同意", "statement": "同意", "answers": answers(version)}
    return do(f"disagreements/{dispute}/session", held_at=datetime.now(UTC).isoformat(), **votes, **said)


def on_publication(w: Bounds, publication: Any, deed: str, **form: Any) -> Try:
    return do(f"publications/{publication['id']}/{deed}", **w.version(publication), **form)


def restate(w: Bounds) -> Try:
    publication = w.published()
    former = publication["versions"][-1]["id"]
    return do(f"publications/{publication['id']}/versions", former=former, reason="金额录入有误")


def files_of(w: Bounds) -> dict[str, Any]:
    """What a review of the unit's case files states: of some that were closed three days ago."""
    for case in (w.fresh(), w.fresh()):
        w.served.as_owner('UPDATE "case" SET closed_at = now() - make_interval(days => %s) WHERE id = %s', 3, case.id)
    days = {name: str(chinese_day(w.now) - timedelta(days=back)) for name, back in (("first_day", 9), ("last_day", 1))}
    return {"unit_id": str(w.here.id), "title": "案卷评查", "sample_size": 1, **days}


def announced(w: Bounds) -> str:
    made = w.s.post(f"{API}/file-reviews", json=files_of(w)).json()
    w.served.wait_for_places()
    return str(made["id"])


def drawn(w: Bounds) -> tuple[str, str]:
    """A review, and the case that was drawn."""
    made = w.s.post(f"{API}/file-reviews/{announced(w)}/draw").json()
    return f"file-reviews/{made['id']}", made["draw"]["drawn"][0]


def score_file(w: Bounds) -> Try:
    review, case = drawn(w)
    return do(f"{review}/scores", case_id=case, scores={code: {"points": points} for code, points in SHEET.items()})


def state_finding(w: Bounds) -> Try:
    review, case = drawn(w)
    due = str(chinese_day(w.now) + timedelta(days=7))
    return do(f"{review}/findings", case_id=case, item="procedure", problem="缺少日期", due_on=due)


def finding(w: Bounds) -> str:
    stated = state_finding(w)
    return str(w.l.post(stated.path, **stated.sent).json()["id"])


OF_REVIEW_AND_ACCESS: Attempts = {
    "GET /api/v1/reviews": lambda w: look("reviews", w.submitted()["submission_id"]),
    "GET /api/v1/submissions/{submission_id}": lambda w: look(f"submissions/{w.submitted()['submission_id']}"),
    "POST /api/v1/submissions/{submission_id}/opinion": give_opinion,
    "POST /api/v1/opinions/{review_id}/withdraw": lambda w: do(f"opinions/{w.review()}/withdraw", **WHY),
    "POST /api/v1/opinions/{review_id}/disagreement": lambda w: do(f"opinions/{w.review()}/disagreement", **WHY),
    "GET /api/v1/disagreements": lambda w: look("disagreements", w.dispute()),
    "GET /api/v1/disagreements/{disagreement_id}": lambda w: look(f"disagreements/{w.dispute()}"),
    "POST /api/v1/disagreements/{disagreement_id}/session": keep_minutes,
    "GET /api/v1/people/{person_id}/qualifications": lambda w: look(f"people/{w.l.person.id}/qualifications"),
    "POST /api/v1/people/{person_id}/qualifications": lambda w: do(
        f"people/{w.someone('legal_reviewer').id}/qualifications",
        ground="legal_profession",
        number=unique("A"),
        valid_from="2020-03-01",
    ),
    "POST /api/v1/qualifications/{qualification_id}/void": void_qualification,
    "GET /api/v1/advisers": lambda w: look("advisers", w.adviser()),
    "POST /api/v1/advisers": lambda w: do("advisers", kind="counsel", name="周律师", office="某所"),
    "POST /api/v1/advisers/{adviser_id}/end": lambda w: do(f"advisers/{w.adviser()}/end", **WHY),
    "POST /api/v1/advisers/{adviser_id}/conflicts": lambda w: do(
        f"advisers/{w.adviser()}/conflicts", case_id=str(w.case.id), **WHY
    ),
    "GET /api/v1/transfers": lambda w: look("transfers", w.transfer()),
    "POST /api/v1/transfers/{transfer_id}/hand-over": lambda w: do(
        f"transfers/{w.transfer()}/hand-over", export_id=w.exported(), receiver="区公安分局", note="回执 3 号"
    ),
    "POST /api/v1/transfers/{transfer_id}/no-crime": lambda w: do(f"transfers/{w.transfer()}/no-crime", **WHY),
    "GET /api/v1/publications": lambda w: look("publications", w.collected()["id"]),
    "GET /api/v1/publications/due": lambda w: look("publications/due", w.decided()),
    "GET /api/v1/publications/overdue.csv": lambda w: look("publications/overdue.csv"),
    "GET /api/v1/publications/{publication_id}": lambda w: look(f"publications/{w.collected()['id']}"),
    "POST /api/v1/events/{event_id}/publication": lambda w: Try(
        f"{API}/events/{w.decided()}/publication", sent={"json": {}}
    ),
    "POST /api/v1/publications/{publication_id}/versions": restate,
    "POST /api/v1/publications/{publication_id}/transmission": lambda w: on_publication(
        w, w.collected(), "transmission"
    ),
    "POST /api/v1/publications/{publication_id}/pass": lambda w: on_publication(w, w.transmitted(), "pass"),
    "POST /api/v1/publications/{publication_id}/return": lambda w: on_publication(w, w.transmitted(), "return", **WHY),
    "POST /api/v1/publications/{publication_id}/publish": lambda w: on_publication(w, w.passed(), "publish"),
    "POST /api/v1/publications/{publication_id}/withhold": lambda w: on_publication(
        w, w.passed(**WITHHELD), "withhold"
    ),
    "POST /api/v1/publications/{publication_id}/taking-down": lambda w: do(
        f"publications/{w.published()['id']}/taking-down", ground="inaccurate", **WHY
    ),
    "POST /api/v1/publications/{publication_id}/postings": lambda w: do(
        f"publications/{w.published()['id']}/postings",
        channel="website",
        place="https://www.example.gov.cn/1",
        posted_on=chinese_day(w.now).isoformat(),
    ),
    "POST /api/v1/postings/{posting_id}/evidence": lambda w: hand_in(
        f"postings/{w.posting()}/evidence", b"\x89PNG\r\n\x1a\n" + bytes(100), "image/png", name="a.png"
    ),
    "GET /api/v1/posting-evidence/{evidence_id}": lambda w: look(f"posting-evidence/{w.proof()}"),
    "POST /api/v1/postings/{posting_id}/removal": lambda w: do(f"postings/{w.posting()}/removal", removal="已删除"),
    "POST /api/v1/pushes/{push_id}/retry": lambda w: do(f"pushes/{w.published()['pushes'][0]['id']}/retry"),
    "POST /api/v1/people/{person_id}/publication-duties": lambda w: do(
        f"people/{w.someone('publisher').id}/publication-duties", duty="publish"
    ),
    "GET /api/v1/publication-duties": lambda w: look("publication-duties", w.duty),
    "POST /api/v1/publication-duties/{duty_id}/end": lambda w: do(f"publication-duties/{w.named_to_duty()}/end", **WHY),
    "POST /api/v1/requests": lambda w: do("requests", case_id=str(w.case.id), kind="view", purpose="核对"),
    "GET /api/v1/requests": lambda w: look("requests", w.pending()),
    "GET /api/v1/requests/{request_id}": lambda w: look(f"requests/{w.pending()}"),
    "POST /api/v1/requests/{request_id}/attachments": lambda w: hand_in(
        f"requests/{w.pending()}/attachments", b"%PDF-1.7\n", "application/pdf", kind="letter", name="a.pdf"
    ),
    "GET /api/v1/attachments/{attachment_id}": lambda w: look(f"attachments/{w.paper()}"),
    "POST /api/v1/requests/{request_id}/approve": lambda w: do(f"requests/{w.pending()}/approve", hours=1),
    "POST /api/v1/requests/{request_id}/refuse": lambda w: do(f"requests/{w.pending()}/refuse", **WHY),
    "GET /api/v1/grants": lambda w: look("grants", w.viewing),
    "POST /api/v1/grants/{grant_id}/revoke": lambda w: do(f"grants/{w.granted('view', w.fresh())}/revoke", **WHY),
    "POST /api/v1/cases/{case_id}/exports": lambda w: do(f"{w.at}/exports", grant_id=w.granted("copy")),
    "GET /api/v1/exports": lambda w: look("exports", w.exported()),
    "GET /api/v1/exports/{export_id}/package": lambda w: look(f"exports/{w.exported()}/package"),
    "POST /api/v1/recordings/{recording_id}/redactions": lambda w: do(
        f"recordings/{w.recording.id}/redactions", boxes=[BOX], reason="遮蔽面部"
    ),
    "POST /api/v1/redactions/{redaction_id}/check": lambda w: do(f"redactions/{w.redaction()}/check", verdict="passed"),
    "POST /api/v1/cases/{case_id}/copies": lambda w: do(f"{w.at}/copies", **w.copying()),
    "GET /api/v1/copies/{copy_id}/file": lambda w: look(f"copies/{w.copied()}/file"),
    "GET /api/v1/oversight/grants": lambda w: look("oversight/grants", w.viewing),
    "GET /api/v1/oversight/viewings": lambda w: look("oversight/viewings", w.recording.id),
    "GET /api/v1/oversight/readings": lambda w: look("oversight/readings", w.draft["id"]),
    "GET /api/v1/oversight/refusals": lambda w: look("oversight/refusals", w.l.person.id, limit=200),
    "GET /api/v1/oversight/{name}.csv": lambda w: look("oversight/grants.csv", w.case.number),
    "GET /api/v1/oversight/sample": lambda w: look(
        "oversight/sample", month=f"{chinese_day(w.now).replace(day=1) - timedelta(days=1):%Y-%m}"
    ),
    "POST /api/v1/oversight/reviews": lambda w: do(
        "oversight/reviews",
        grant_id=w.viewing,
        recording_id=str(w.recording.id),
        outcome="proper",
        note="相符",
    ),
    "GET /api/v1/cases/{case_id}/dossiers": lambda w: look(f"cases/{w.case.id}/dossiers", w.dossier()),
    "POST /api/v1/cases/{case_id}/dossiers": lambda w: do(f"cases/{w.case.id}/dossiers", **w.question()),
    "GET /api/v1/dossiers/{dossier_id}": lambda w: look(f"dossiers/{w.dossier()}"),
    "POST /api/v1/dossiers/{dossier_id}/check": lambda w: do(f"dossiers/{w.dossier()}/check"),
    "GET /api/v1/dossiers/{dossier_id}/pdf": lambda w: look(f"dossiers/{w.checked_dossier()}/pdf"),
    "GET /api/v1/returns": lambda w: look("returns", w.drawn_up(), year=chinese_day(w.now).year - 1),
    "POST /api/v1/returns": lambda w: do("returns", **w.owed()),
    "GET /api/v1/returns/{return_id}": lambda w: look(f"returns/{w.drawn_up()}"),
    "GET /api/v1/returns/{return_id}/table.{kind}": lambda w: look(f"returns/{w.drawn_up()}/table.csv"),
    "POST /api/v1/returns/{return_id}/check": lambda w: do(f"returns/{w.drawn_up()}/check"),
    "POST /api/v1/returns/{return_id}/set-aside": lambda w: do(f"returns/{w.drawn_up()}/set-aside", **WHY),
    "POST /api/v1/returns/{return_id}/sendings": lambda w: do(
        f"returns/{w.checked()}/sendings",
        recipient="区城市管理局",
        sent_on=chinese_day(w.now).isoformat(),
        proof="当面送达",
    ),
    "POST /api/v1/return-sendings/{sending_id}/receipts": lambda w: hand_in(
        f"return-sendings/{w.sent()}/receipts", b"\x89PNG\r\n\x1a\n" + bytes(100), "image/png", name="a.png"
    ),
    "GET /api/v1/return-receipts/{receipt_id}": lambda w: look(f"return-receipts/{w.return_receipt()}"),
    "GET /api/v1/file-reviews": lambda w: look("file-reviews", announced(w)),
    "POST /api/v1/file-reviews": lambda w: do("file-reviews", **files_of(w)),
    "GET /api/v1/file-reviews/{review_id}": lambda w: look(drawn(w)[0]),
    "GET /api/v1/file-reviews/{review_id}/eligible": lambda w: look(f"file-reviews/{announced(w)}/eligible"),
    "POST /api/v1/file-reviews/{review_id}/draw": lambda w: do(f"file-reviews/{announced(w)}/draw"),
    "POST /api/v1/file-reviews/{review_id}/scores": score_file,
    "POST /api/v1/file-reviews/{review_id}/findings": state_finding,
    "POST /api/v1/file-review-findings/{finding_id}/answers": lambda w: do(
        f"file-review-findings/{finding(w)}/answers", answer="已补正"
    ),
    "POST /api/v1/file-review-findings/{finding_id}/end": lambda w: do(
        f"file-review-findings/{finding(w)}/end", outcome="unfounded", note="经核对不成立"
    ),
    "POST /api/v1/file-reviews/{review_id}/end": lambda w: do(f"{drawn(w)[0]}/end"),
    "POST /api/v1/holds": lambda w: do("holds", case_id=str(w.fresh().id), **WHY),
    "GET /api/v1/holds": lambda w: look("holds", w.hold),
    "POST /api/v1/holds/{hold_id}/release": lambda w: do(f"holds/{w.held_case()}/release", **WHY),
    "GET /api/v1/retention-classes": lambda w: look("retention-classes"),
    "POST /api/v1/recordings/{recording_id}/retention": lambda w: do(
        f"recordings/{w.film(unique('r') + '.mp4').id}/retention", retention_class="permanent", **WHY
    ),
    "GET /api/v1/disposal": lambda w: look("disposal"),
}
