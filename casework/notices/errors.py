"""What telling a party, and hearing him, refuses. The trunk is CaseworkError; nothing was changed.

CaseworkError
└── NoticesError
    ├── NoticeUnusable      a notice that does not fit the draft, the document or the time; an InputRefused too
    ├── ReplyUnusable       what is said of a reply does not fit its notice, its time or its proof; an InputRefused too
    └── NoticeSettled       told, answered or withdrawn before; a StateRefused too

What is missing before a decision, in words of MISSING, is the gate's to refuse.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from casework.errors import CaseworkError, InputRefused, StateRefused

MISSING: Final[Mapping[str, str]] = {
    "no_notice_rule": "no rule says today what this penalty's party is told; state the case's procedure, or have the "
    "administrator load the rules",
    "not_on_the_spot": "on the spot no more than 200 yuan of a citizen, 3,000 of an organisation, or a warning; "
    "withdraw the draft, let the supervisor lead the case back to its first stage, state the ordinary procedure there, "
    "and draft the decision anew",
    "untold": "the party was not told what is to be decided; make the notice final and enter it (in the simple "
    "procedure: tell him on the spot, and enter that today)",
    "told_less": "the party was told less, or something else; tell him anew of what the draft says and serve that, or "
    "change the draft to what he was told",
    "notice_unserved": "the notice was not served on the party; serve it, and enter its service with its proof",
    "statement_days": "the party's days for statement and defence have not run out; wait for their end, or enter that "
    "he gives them up, with the paper or the recording that shows it",
    "unheard": "on the spot the party is heard; enter what was said, or that nothing was",
    "unanswered": "a statement of the party was not answered; look into it, and enter whether it is adopted, and why",
    "withdrawal_unconfirmed": "what the party said was withdrawn as entered wrongly; somebody else than who withdrew "
    "it looks into that, and enters it",
    "hearing_untold": "a hearing is owed where the party asks for one; make the notice of that right final, enter it "
    "and serve it",
    "hearing_unserved": "the notice of the right to a hearing was not served on the party; serve it, and enter its "
    "service with its proof",
    "hearing_days": "the party's days to ask for a hearing have not run out; wait for their end, or enter that he "
    "gives that right up, with the paper or the recording that shows it",
    "hearing_unheld": "the party asked for a hearing; tell him of its day in time, hold it, and enter its day",
    "hearing_short": "the party was not told seven working days before the hearing; enter under the case's terms the "
    "day on which he was told, or that he agrees to the shorter notice, or hold the hearing again",
}
NOTICE_PROBLEMS: Final[Mapping[str, str]] = {
    "not_penalty": "only a penalty's party is told before; this draft is none",
    "not_draft": "the decision is issued or withdrawn; only a draft is told of",
    "not_here": "the document is none of this case; choose one of the list",
    "not_final": "the document is a draft, or was withdrawn; make it final first",
    "other_kind": "the document is no notice of this kind; choose another",
    "other_party": "the notice names another party than the draft; change one of the two",
    "other_content": "the notice says another penalty than the draft, word for word; change one of the two",
    "other_amount": "the notice says another amount than the draft; change one of the two",
    "not_simple": "by word of mouth a party is told in the simple procedure alone; give a written notice",
    "without_zone": "the time has no zone; add one",
    "not_today": "what is told on the spot is entered on that day, when it has happened",
    "not_officer": "who told the party is an officer of the case; name one of them",
}
REPLY_PROBLEMS: Final[Mapping[str, str]] = {
    "without_zone": "the time has no zone; add one",
    "in_the_future": "the time lies ahead; enter it when it has happened",
    "not_given": "the notice was not given by then; serve it first, or correct the time",
    "other_notice": "that is no answer to this notice; choose the other one",
    "no_content": "say what the party stated",
    "no_proof": "what a party gives up or takes back is in writing or recorded; name the paper or the recording",
    "other_document": "the paper is no final one of this case, signed by the party once he was told, or is the notice",
    "not_in_case": "the recording stands in no such case; put it into the case first",
    "recorded_before": "the recording was made before the notice was given, and shows nothing of it; name one of "
    "afterwards, or a paper that the party signed; if its clock is wrong, state its time first",
    "not_statement": "only a statement is answered, or a request for a hearing that was withdrawn",
    "was_withdrawn": "it was withdrawn; all that is said of it is whether it had been entered wrongly",
    "not_withdrawn": "it stands; adopt it, in part, or not. That it was entered wrongly is said once it is withdrawn",
    "same_person": "who withdrew what the party said does not look into that; somebody else has to",
}
SETTLED: Final[Mapping[str, str]] = {
    "told": "this document tells of a draft already",
    "withdrawn": "it was withdrawn before",
    "answered": "it has its answer; withdraw that first",
}


class NoticesError(CaseworkError):
    """Anything that telling and hearing refuses."""


@dataclass(eq=False)
class NoticeUnusable(NoticesError, InputRefused):
    """`problem` is a word of NOTICE_PROBLEMS."""

    problem: str

    def __str__(self) -> str:
        return NOTICE_PROBLEMS[self.problem]


@dataclass(eq=False)
class ReplyUnusable(NoticesError, InputRefused):
    """`problem` is a word of REPLY_PROBLEMS."""

    problem: str

    def __str__(self) -> str:
        return REPLY_PROBLEMS[self.problem]


@dataclass(eq=False)
class NoticeSettled(NoticesError, StateRefused):
    """`state` is a word of SETTLED."""

    subject_id: uuid.UUID
    state: str

    def __str__(self) -> str:
        return SETTLED[self.state]
