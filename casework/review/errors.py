"""What decisions and their legal review refuse. The trunk is CaseworkError; nothing was changed.

CaseworkError
└── ReviewError
    ├── GateShut            a decision is not issued, or does not leave: why, in words of REFUSALS; a StateRefused too
    ├── PassForged          a pass that the archive never signed lies in the database; a StateRefused too
    ├── DecisionSettled     issued, withdrawn, or changed meanwhile; a StateRefused too
    ├── ReviewSettled       this version has its opinion, or what was given is withdrawn; a StateRefused too
    ├── DecisionUnusable    what it says does not fit together; an InputRefused too
    ├── CommitteeUnusable   a session that was none, or somebody who may not sit in it; an InputRefused too
    ├── TransferUnusable    a package of another case, unfinished, or older than the suspicion; an InputRefused too
    ├── AnswersUnusable     a question without an answer, or one that does not fit the opinion; an InputRefused too
    └── ReviewerBarred      somebody who may not review this case; a NotAllowed too
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from casework.errors import CaseworkError, InputRefused, NotAllowed, StateRefused
from casework.notices.errors import MISSING

REFUSALS: Mapping[str, str] = {
    "unknown": "there is no such version of a decision",
    "changed": "the decision was changed after this version; what it says now needs its own review",
    "withdrawn": "the decision was withdrawn",
    "no_list": "no list of decisions that need a review holds today; load one",
    "no_pass": "it needs a legal review, and none that stands lets it pass; submit it for review",
    "stage": "the case is not at the stage of the decision; lead it there first",
    "not_issued": "no decision of this case was issued for this; issue it first",
    "undecided": "nothing was decided in this case; draft the decision, and issue it",
    "other_party": "the document states another party than the decision that it names; save it anew",
    "other_amount": "the document states another amount than the decision that it names; save it anew",
    "other_content": "the document states something else than the decision that it names; save it anew",
    "other_performance": "what the document wants performed is more than the decision that it names orders; change "
    "that field, and have it signed anew",
    "unnamed": "the document names none of the decisions of the case; withdraw it, and begin one that does",
    "revoked": "the decision was revoked; where that was entered by mistake, have the revocation withdrawn first",
    "names_none": "a decision was revoked; name the decision whose paper bears this number, or serve one made here",
    "transfer": "a suspicion of crime waits to be handed over; end that task first",
    "in_scope": "what the case shows needs a legal review; draft the decision, and submit it",
    "unfit": "its measures do not fit its kind or its words; change the draft, which says what to put right",
    **MISSING,
}
SETTLED: Mapping[str, str] = {
    "issued": "it was issued, and stays as it is",
    "withdrawn": "it was withdrawn; draft another one",
    "changed": "somebody changed it meanwhile; read what it says now",
    "submitted": "it is with the reviewers already",
    "not_submitted": "it is not with the reviewers",
}
REVIEW_SETTLED: Mapping[str, str] = {
    "given": "this version has an opinion already",
    "withdrawn": "it was withdrawn before",
    "no_problems": "it names no problems, or was withdrawn; there is nothing to disagree with",
    "of_committee": "it is what the committee voted; change the decision and submit it again",
    "disagreed": "it was disagreed with already; the committee is asked",
    "sat": "the committee has sat on it already",
    "opinion_gone": "the opinion that was disagreed with was withdrawn or replaced; there is nothing to sit over",
    "left_pool": "the adviser left the pool before",
    "conflict_stated": "the conflict was stated before",
    "transfer_ended": "the task has ended",
}
SITTING: Mapping[str, str] = {
    "held_at": "a session is held after the disagreement was stated, and not in the future; correct the time",
    "members": "a session has three members or more, each once",
    "president": "whoever presides is one of the members",
    "votes": "there are as many votes as members; count them again",
    "member_elsewhere": "a member is somebody active in the unit of the case or in one above it",
    "member_involved": "a member took part in this case; somebody else has to sit",
    "adviser_elsewhere": "an adviser is none of the pool that this unit draws from; choose another",
    "adviser_conflict": "an adviser has a conflict of interest in this case; choose another",
}
TRANSFER: Mapping[str, str] = {
    "other_package": "the package is of another case; choose one of this case",
    "unfinished_package": "the package is not finished; finish the export first",
    "older_package": "the package was begun before the suspicion was stated, and lacks it; export the case anew",
}
UNUSABLE: Mapping[str, str] = {
    "amount_missing": "a fine or confiscation has an amount; state it in fen",
    "amount_of_nothing": "an amount belongs to a fine or confiscation; name the measure, or leave it out",
    "amount_out_of_range": "the amount has to be from 0 to 10,000,000,000,000 yuan",
    "affected_out_of_range": "the number of third persons has to be from 0 to 1,000,000",
    "measures_missing": "name at least one measure",
    "other_measures": "a measure is none of this kind: fine, confiscation, warning, criticism, licences, business and "
    "ordered demolition belong to a penalty (in a case of a penalty); seizure, demolition, additional fine, substitute "
    "performance and disposal of goods to a coercion; an inspection orders correction alone. Choose that kind",
    "no_penalty_alone": "no penalty goes with nothing but a correction; leave it out, or leave the penalties out",
    "added_to_no_fine": "an additional fine is no more than the fine that was issued to this party in this case "
    "and that it is added to; for a fine choose the kind penalty and the measure fine",
    "unnamed_words": "its words order what is none of its measures (a fine, confiscation, closing, a licence, "
    "demolition, a warning); name the measure, or take the words out: what a law allows is told as 《…》可以处…以下, "
    "without an exact sum",
    "unnamed_sum": "its words order a sum to be paid, and it names no measure that has an amount; name the measure and "
    "state the amount, or take the sum out of the words",
    "larger_sum": "its words name a larger sum than its amount; state that amount, or put the words right",
    "detention": "its words order detention, which only the police may; take them out, and hand the suspicion over",
    "other_kind": "a case decides its own kind, or a coercive measure within it",
    "not_attested": "whoever submits attests that the material is true, accurate and complete: all three",
}
ANSWER_PROBLEMS: Mapping[str, str] = {
    "missing": "is not answered",
    "unknown": "is none of the seven questions",
    "no_answer": "has to be answered with yes, no or not_applicable",
    "no_references": "needs at least one reference into the case",
    "bad_reference": "refers to something that does not stand in this case",
    "against": "speaks against the decision, which cannot be agreed to then",
}
BARRED: Mapping[str, str] = {
    "involved": "took part in this case, as an officer, drafter or submitter; somebody else has to review it",
    "unqualified": "holds no legal qualification for a reviewer today; have it entered in the register",
}


class ReviewError(CaseworkError):
    """Anything that decisions and reviews refuse."""


@dataclass(eq=False)
class GateShut(ReviewError, StateRefused):
    """`refusals` are words of REFUSALS."""

    case_id: uuid.UUID
    refusals: tuple[str, ...]

    def __str__(self) -> str:
        return "the gate is shut: " + "; ".join(REFUSALS[each] for each in self.refusals)


@dataclass(eq=False)
class PassForged(ReviewError, StateRefused):
    review_id: uuid.UUID
    why: str

    def __str__(self) -> str:
        return (
            f"the review {self.review_id} was not signed by this archive ({self.why}): nothing is issued by it; "
            "call an auditor at once"
        )


@dataclass(eq=False)
class DecisionSettled(ReviewError, StateRefused):
    """`state` is a word of SETTLED."""

    decision_id: uuid.UUID
    state: str

    def __str__(self) -> str:
        return f"the decision {self.decision_id} cannot be changed like this: {SETTLED[self.state]}"


@dataclass(eq=False)
class ReviewSettled(ReviewError, StateRefused):
    """`state` is a word of REVIEW_SETTLED."""

    subject_id: uuid.UUID
    state: str

    def __str__(self) -> str:
        return f"the review cannot be changed like this: {REVIEW_SETTLED[self.state]}"


@dataclass(eq=False)
class DecisionUnusable(ReviewError, InputRefused):
    """`problem` is a word of UNUSABLE."""

    problem: str

    def __str__(self) -> str:
        return UNUSABLE[self.problem]


@dataclass(eq=False)
class CommitteeUnusable(ReviewError, InputRefused):
    """`problem` is a word of SITTING."""

    problem: str

    def __str__(self) -> str:
        return SITTING[self.problem]


@dataclass(eq=False)
class TransferUnusable(ReviewError, InputRefused):
    """`problem` is a word of TRANSFER."""

    problem: str

    def __str__(self) -> str:
        return TRANSFER[self.problem]


@dataclass(eq=False)
class AnswersUnusable(ReviewError, InputRefused):
    """`problem` is a word of ANSWER_PROBLEMS."""

    question: str
    problem: str

    def __str__(self) -> str:
        return f"the question {self.question} {ANSWER_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class ReviewerBarred(ReviewError, NotAllowed):
    """`why` is a word of BARRED."""

    person_id: uuid.UUID
    why: str

    def __str__(self) -> str:
        return f"this reviewer {BARRED[self.why]}"
