"""A list of many takes as many questions to the database as a list of few: every look of the API, and every page."""

from __future__ import annotations

import pytest

from tests.api.http.boundary_scene import Bounds
from tests.api.http.looks import Looks, what_of
from tests.api.http.one_more import add_one_of_each
from tests.api.http.served import Served

pytestmark = pytest.mark.timeout(900)
FEW, MORE = 2, 3
LINE = 100
"""By so many letters an answer grows at least that shows `MORE` lines more."""
OF_NO_LIST = frozenset(
    (
        "GET /api/v1/act-kinds",
        "GET /api/v1/attachments/{attachment_id}",
        "GET /api/v1/cases/{case_id}/catalogue.{form}",
        "GET /api/v1/devices/{device_id}",
        "GET /api/v1/disposal",
        "GET /api/v1/dossiers/{dossier_id}",
        "GET /api/v1/document-templates",
        "GET /api/v1/documents/{document_id}",
        "GET /api/v1/element-policies",
        "GET /api/v1/file-reviews/{review_id}",
        "GET /api/v1/file-reviews/{review_id}/eligible",
        "GET /api/v1/oversight/sample",
        "GET /api/v1/people/{person_id}/qualifications",
        "GET /api/v1/posting-evidence/{evidence_id}",
        "GET /api/v1/publications/overdue.csv",
        "GET /api/v1/publications/{publication_id}",
        "GET /api/v1/recordings/{recording_id}",
        "GET /api/v1/recordings/{recording_id}/elements",
        "GET /api/v1/recordings/{recording_id}/positions",
        "GET /api/v1/recordings/{recording_id}/recall",
        "GET /api/v1/recordings/{recording_id}/recovery-references",
        "GET /api/v1/reports/credit.{kind}",
        "GET /api/v1/requests/{request_id}",
        "GET /api/v1/retention-classes",
        "GET /api/v1/return-receipts/{receipt_id}",
        "GET /api/v1/returns/{return_id}",
        "GET /api/v1/returns/{return_id}/table.{kind}",
        "GET /api/v1/session",
        "GET /api/v1/submissions/{submission_id}",
        "page /dossiers/{id}",
        "page /file-reviews/{id}",
        "page /oversight/sample",
        "page /publications/{id}",
        "page /returns/{id}",
        "page /reviews/{id}",
        # Lists that are asked for below otherwise, for more of them or for others.
        "GET /api/v1/cases",
        "GET /api/v1/cases/{case_id}/timeline",
        "GET /api/v1/people/{person_id}/tokens",
        "GET /api/v1/search",
        "GET /api/v1/search/{kind}",
        "GET /api/v1/units",
        "page /gaps",
        "page /search",
    )
)
"""What is answered alike, however much there is: of one thing, or of rules, or the first of many."""


def test_a_list_of_many_takes_as_many_queries_as_one_of_few(served: Served) -> None:
    w = Bounds(served)
    add(w, FEW)
    looks = Looks(w)
    few = looks.answers()
    add(w, MORE)
    many = looks.answers()
    asks_more = [name for name in few if many[name].statements > few[name].statements]
    assert not asks_more, "\n".join(f"{each}: {few[each]}, then {many[each]}" for each in asks_more)
    # Otherwise nothing was asked of a list: who adds one adds to `add_one_of_each` what stands in it.
    longer = {what_of(name) for name in few if many[name].letters - few[name].letters > LINE}
    answered_alike = {what_of(name) for name in few} - longer
    assert answered_alike == OF_NO_LIST, "\n".join(sorted(answered_alike ^ OF_NO_LIST))


def add(w: Bounds, times: int) -> None:
    for _ in range(times):
        add_one_of_each(w)
