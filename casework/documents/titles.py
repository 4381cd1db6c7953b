"""What a document is called: as its template says, but for a decision not to punish, which is none on a penalty."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from casework.documents.template_file import Template
from casework.issued import version_of
from storage.catalog.decisions import DecisionIssue, DecisionVersion
from storage.catalog.documents import Document

UNPUNISHED: Final = "不予行政处罚决定书"
UNPUNISHED_EN: Final = "Decision not to impose a penalty"


def title_of(session: Session, document: Document, template: Template) -> str:
    """Of one document. Raises nothing."""
    issue = None if document.issue_id is None else session.get_one(DecisionIssue, document.issue_id)
    return title_by(template, None if issue is None else version_of(session, issue))


def title_by(template: Template, states: DecisionVersion | None) -> str:
    """`states`: what the decision says that the document states, if it states one."""
    return UNPUNISHED if is_unpunished(states) else template.title


def is_unpunished(states: DecisionVersion | None) -> bool:
    return states is not None and "no_penalty" in states.measures
