"""The one place where errors become HTTP: a status, a code, and a sentence in Chinese or English (RFC 9457).

The English sentence is the error's own; the Chinese one is in the tables of this package, one for each domain, over the
error's facts. What is in no table is a fault of ours: it is logged, and the client learns no more than that.
problem_responses.py sends it; a command says the same sentences, and needs no web framework for them.
"""

from __future__ import annotations

from typing import Any

from api.http.errors import HttpRefused
from api.http.problems import (
    access,
    acts,
    archiving,
    cases,
    deadlines,
    documents,
    entries,
    file_reviews,
    keeping,
    notices,
    publication,
    recordings,
    redaction,
    register,
    returns,
    review,
    rules,
    service,
    stations,
    statistics,
    units,
)
from api.http.problems.problem import Facts, Problem, Problems
from api.http.problems.words import in_chinese
from casework.errors import AccessRefused
from ingest.errors import RequestRefused
from ingest.uploads.problems import problem_of as upload_problem_of

PROBLEMS: Problems = {
    **access.PROBLEMS,
    **acts.PROBLEMS,
    **archiving.PROBLEMS,
    **cases.PROBLEMS,
    **deadlines.PROBLEMS,
    **documents.PROBLEMS,
    **entries.PROBLEMS,
    **file_reviews.PROBLEMS,
    **keeping.PROBLEMS,
    **notices.PROBLEMS,
    **publication.PROBLEMS,
    **recordings.PROBLEMS,
    **redaction.PROBLEMS,
    **register.PROBLEMS,
    **returns.PROBLEMS,
    **review.PROBLEMS,
    **rules.PROBLEMS,
    **service.PROBLEMS,
    **stations.PROBLEMS,
    **statistics.PROBLEMS,
    **units.PROBLEMS,
}
UNEXPECTED = Problem(
    500,
    "internal",
    "服务器内部错误，未作任何更改；请稍后重试，如仍出现请联系管理员",
    "internal error, nothing was changed: try again later, and tell the administrator if it stays",
)


def problem_of(error: Exception, language: str) -> dict[str, Any]:
    """The problem document of an error: type, title, status, detail, and `reason` of a refused access.

    Both sentences go along, so that a program's log can be read by either reader.
    """
    if isinstance(error, RequestRefused):
        upload = upload_problem_of(error)
        facts = vars(error)
        return problem_document(
            f"upload:{upload.code}", upload.status, upload.zh.format_map(facts), upload.en.format_map(facts), language
        )
    if isinstance(error, HttpRefused):
        return {**problem_document(error.code, error.status, error.chinese, error.english, language), **error.members}
    if isinstance(error, AccessRefused):
        chinese = access.REFUSALS[error.reason]
        return {**problem_document("access-refused", 403, chinese, str(error), language), "reason": error.reason}
    problem = next((PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS), UNEXPECTED)
    chinese = problem.chinese.format_map({**_fields(error), **problem.facts(error)})
    return problem_document(problem.code, problem.status, chinese, problem.english or str(error), language)


def problem_document(code: str, status: int, chinese: str, english: str, language: str) -> dict[str, Any]:
    """The problem document itself, whatever it is of."""
    title = chinese if language == "zh" else english
    return {
        "type": f"urn:liuhen:problem:{code}",
        "title": title,
        "status": status,
        "detail": title,
        "sentences": {"zh-CN": chinese, "en": english},
    }


def _fields(error: Exception) -> Facts:
    return {name: in_chinese(fact) for name, fact in {**vars(error), "error": error}.items()}
