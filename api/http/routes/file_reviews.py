"""案卷评查: rounds that are announced, drawn, scored, and followed to the end of what was found."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.paging import Wanted as PageWanted
from api.http.paging import listed
from api.http.reading.file_reviews import describe_finding, describe_score, round_items
from api.http.schema.base import Listed
from api.http.schema.file_reviews import (
    EligibleList,
    FileReviewItem,
    FindingAnswer,
    FindingEnd,
    FindingItem,
    NewFileReview,
    NewFinding,
    NewScore,
    ScoreItemShown,
)
from api.http.sessions import SignedIn, TheArchive
from casework.filereview.findings import answer_finding, end_finding, state_finding
from casework.filereview.listing import list_rounds, show_finding, show_round
from casework.filereview.rounds import Wanted, announce_review, draw_review, end_review
from casework.filereview.scoring import Points, score_case
from integrity.local_time import chinese_day
from storage.catalog.file_review import FileReviewFinding

router = api_router(tags=["file reviews"])


@router.get("/file-reviews", summary="案卷评查列表 / List reviews of case files")
def show_reviews(viewer: SignedIn, archive: TheArchive, page: PageWanted) -> Listed[FileReviewItem]:
    """Of one's own unit, of those below it and of those above it, the latest first."""
    now = datetime.now(UTC)
    with looking(archive, viewer) as session:
        found = list_rounds(session, viewer.person, chinese_day(now), after=page.after, limit=page.limit)
        return listed(found, lambda rows: round_items(session, rows))


@router.post("/file-reviews", summary="公告一次案卷评查 / Announce a review", status_code=201)
def make_review(form: NewFileReview, viewer: SignedIn, archive: TheArchive) -> FileReviewItem:
    """Its cases and its sheet are settled now; it is drawn by the next checkpoint of the ledger, which nobody knows."""
    now = datetime.now(UTC)
    wanted = Wanted(form.title, form.first_day, form.last_day, form.sample_size)
    with doing(archive, viewer) as session:
        unit_id = form.unit_id or viewer.person.unit_id
        row = announce_review(session, viewer.person, unit_id, wanted, now)
        return round_items(session, [show_round(session, viewer.person, row.id, chinese_day(now))])[0]


@router.get("/file-reviews/{review_id}", summary="一次案卷评查 / A review")
def show_review(review_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> FileReviewItem:
    with looking(archive, viewer) as session:
        shown = show_round(session, viewer.person, review_id, chinese_day(datetime.now(UTC)))
        return round_items(session, [shown])[0]


@router.get("/file-reviews/{review_id}/eligible", summary="可抽取的案件 / What could be drawn")
def show_eligible(review_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> EligibleList:
    """By id alone: with the draw's seed it is all that recomputing takes."""
    with looking(archive, viewer) as session:
        shown = show_round(session, viewer.person, review_id, chinese_day(datetime.now(UTC)))
        return EligibleList(items=[uuid.UUID(each) for each in shown.row.eligible])


@router.post("/file-reviews/{review_id}/draw", summary="抽取案件 / Draw the cases", status_code=201)
def make_draw(review_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> FileReviewItem:
    """By the first checkpoint that covers the announcement: whenever it is done, the cases are the same."""
    now = datetime.now(UTC)
    with doing(archive, viewer) as session:
        draw_review(session, viewer.person, review_id, now)
        return round_items(session, [show_round(session, viewer.person, review_id, chinese_day(now))])[0]


@router.post("/file-reviews/{review_id}/scores", summary="评分 / Score a case", status_code=201)
def make_score(review_id: uuid.UUID, form: NewScore, viewer: SignedIn, archive: TheArchive) -> ScoreItemShown:
    """By somebody who took no part in the case."""
    scores = {code: Points(each.points, each.note) for code, each in form.scores.items()}
    with doing(archive, viewer) as session:
        row = score_case(session, viewer.person, review_id, form.case_id, scores, datetime.now(UTC), form.reason)
        return describe_score(session, row)


@router.post("/file-reviews/{review_id}/findings", summary="提出问题 / State a finding", status_code=201)
def make_finding(review_id: uuid.UUID, form: NewFinding, viewer: SignedIn, archive: TheArchive) -> FindingItem:
    said, now = form.model_dump(exclude={"case_id"}), datetime.now(UTC)
    with doing(archive, viewer) as session:
        row = state_finding(session, viewer.person, review_id, form.case_id, **said, now=now)
        return describe_finding(session, show_finding(session, row, chinese_day(now)))


@router.post("/file-review-findings/{finding_id}/answers", summary="填报整改情况 / Answer a finding", status_code=201)
def make_answer(finding_id: uuid.UUID, form: FindingAnswer, viewer: SignedIn, archive: TheArchive) -> FindingItem:
    """By a supervisor of the unit that handled the case."""
    now = datetime.now(UTC)
    with doing(archive, viewer) as session:
        answer_finding(session, viewer.person, finding_id, form.answer, now)
        row = session.get_one(FileReviewFinding, finding_id)
        return describe_finding(session, show_finding(session, row, chinese_day(now)))


@router.post("/file-review-findings/{finding_id}/end", summary="问题销号 / End a finding")
def finish_finding(finding_id: uuid.UUID, form: FindingEnd, viewer: SignedIn, archive: TheArchive) -> FindingItem:
    """By a reviewer who did not answer it himself."""
    now = datetime.now(UTC)
    with doing(archive, viewer) as session:
        row = end_finding(session, viewer.person, finding_id, form.outcome, form.note, now)
        return describe_finding(session, show_finding(session, row, chinese_day(now)))


@router.post("/file-reviews/{review_id}/end", summary="结束案卷评查 / End a review")
def finish_review(review_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> FileReviewItem:
    """When every drawn case is scored, and every finding has ended."""
    now = datetime.now(UTC)
    with doing(archive, viewer) as session:
        end_review(session, viewer.person, review_id, now)
        return round_items(session, [show_round(session, viewer.person, review_id, chinese_day(now))])[0]
