"""What documents refuse. The trunk is CaseworkError; nothing was changed.

CaseworkError
└── DocumentError
    ├── FieldUnusable         what stands in one field cannot be used; an InputRefused too
    ├── SignUnprintable       a sign that the fonts of documents do not have; an InputRefused too
    ├── DecisionUnnamed       it may state any of several decisions, and none is named; an InputRefused too
    ├── DecisionUnfit         a document of this kind cannot state the decision that is named; an InputRefused too
    ├── TemplateMissing       no template of that kind holds on that day; a StateRefused too
    ├── OfOtherStage          the template is for other stages of a case; a StateRefused too
    ├── DocumentIncomplete    fields, facts of the case or signatures are missing; a StateRefused too
    ├── DocumentChanged       the case says otherwise by now, or somebody else has saved; a StateRefused too
    ├── DocumentFinal         what is final is never changed; a StateRefused too
    ├── DocumentNotFinal      only what is final is sealed or served; a StateRefused too
    ├── DocumentWithdrawn     withdrawn before; a StateRefused too
    ├── DocumentSealed        sealed before, and once is enough; a StateRefused too
    ├── SignatureRefused      somebody who cannot sign there; a StateRefused too
    ├── IssuerMissing         no unit in the line has a name and a word to write by; a StateRefused too
    ├── SealMissing           no unit in the line has a seal that holds today; a StateRefused too
    ├── SealUnusable          a certificate or key that cannot be a seal; an InputRefused too
    └── RenderingFailed       the template cannot be rendered; what the renderer said
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from casework.errors import CaseworkError, InputRefused, StateRefused

FIELD_PROBLEMS: Mapping[str, str] = {
    "unknown": "is no field of this document: leave it out",
    "of_decision": "is taken from the decision that the document states: leave it out",
    "no_text": "has to be text",
    "too_long": "is too long: shorten it, or put the rest into another document",
    "hidden": "holds control characters: type it anew",
    "lines": "has more than one line: put it on one",
    "no_day": "is no day: write it as 2026-03-04",
    "no_moment": "is no time: write it as 2026-03-04T09:30:00+08:00",
    "no_money": "is no amount: write it in yuan, as 1234.50, from 0 to 9999999999.99",
    "no_number": "has to be a whole number from 0 to 999999999",
    "no_choice": "is none of the choices",
    "no_rows": "has to be a list of rows, of at most 500",
    "no_documents": "has to be a list of final documents of this case",
}
SIGNING_PROBLEMS: Mapping[str, str] = {
    "not_asked": "this document asks for no such signature",
    "no_handler": "only who handles the case signs as its officer: have it named as one",
    "uncertified": "no certificate holds today: enter the new one first",
    "no_supervisor": "a supervisor approves",
    "no_reviewer": "a legal reviewer signs",
    "handler": "whoever handles the case does not approve or review it",
    "signed": "it is signed already",
    "other_role": "it is signed already in another role",
    "reason": "of a refusal write what was said and who saw it",
    "in_the_future": "the time lies in the future: correct it",
    "before": "the time lies before the document was begun: correct it",
}


class DocumentError(CaseworkError):
    """Anything that documents refuse."""


@dataclass(eq=False)
class FieldUnusable(DocumentError, InputRefused):
    """`label` is the Chinese name of the field; `problem` a word of FIELD_PROBLEMS."""

    name: str
    label: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name} ({self.label}) {FIELD_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class SignUnprintable(DocumentError, InputRefused):
    label: str
    sign: str

    def __str__(self) -> str:
        return (
            f"the sign “{self.sign}” (U+{ord(self.sign):04X}) in {self.label} is in none of the fonts of documents: "
            "write it otherwise, as by describing it in words"
        )


@dataclass(eq=False)
class DecisionUnnamed(DocumentError, InputRefused):
    """`count`: of how many decisions of the case it might be."""

    kind: str
    count: int

    def __str__(self) -> str:
        return f"{self.kind} may state any of {self.count} decisions of the case: name the one (decision_id)"


@dataclass(eq=False)
class DecisionUnfit(DocumentError, InputRefused):
    kind: str
    decision_id: uuid.UUID

    def __str__(self) -> str:
        return (
            f"{self.kind} cannot state the decision {self.decision_id}: name one of its kind that was issued in this "
            "case; documents that state no decision name none"
        )


@dataclass(eq=False)
class TemplateMissing(DocumentError, StateRefused):
    kind: str
    day: date

    def __str__(self) -> str:
        return f"no template of {self.kind} holds on {self.day}: see liuhen admin template list"


@dataclass(eq=False)
class OfOtherStage(DocumentError, StateRefused):
    kind: str
    stage: str
    stages: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} is no document of the stage {self.stage}: it is of {', '.join(self.stages)}"


@dataclass(eq=False)
class DocumentIncomplete(DocumentError, StateRefused):
    """`missing`: Chinese names of fields and facts; `unsigned`: roles with how many signatures are still needed."""

    document_id: uuid.UUID
    missing: tuple[str, ...]
    unsigned: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        fields = f"fill in {', '.join(self.missing)}" if self.missing else ""
        signatures = ", ".join(f"{count} × {role}" for role, count in self.unsigned)
        signed = f"have it signed by {signatures}" if signatures else ""
        return f"document {self.document_id} is not complete: {'; '.join(part for part in (fields, signed) if part)}"


@dataclass(eq=False)
class DocumentChanged(DocumentError, StateRefused):
    """`by`: "case" or "person"."""

    document_id: uuid.UUID
    by: str

    def __str__(self) -> str:
        what = "the case says otherwise by now" if self.by == "case" else "somebody else has saved it meanwhile"
        return f"document {self.document_id}: {what}; load it anew, look at it and save it again"


@dataclass(eq=False)
class DocumentFinal(DocumentError, StateRefused):
    document_id: uuid.UUID
    finalised_at: datetime

    def __str__(self) -> str:
        return (
            f"document {self.document_id} is final since {self.finalised_at.isoformat()} and is never changed: where "
            "it is wrong, withdraw it with a reason and begin another"
        )


@dataclass(eq=False)
class DocumentNotFinal(DocumentError, StateRefused):
    document_id: uuid.UUID

    def __str__(self) -> str:
        return f"document {self.document_id} is a draft: make it final first"


@dataclass(eq=False)
class DocumentWithdrawn(DocumentError, StateRefused):
    document_id: uuid.UUID
    withdrawn_at: datetime

    def __str__(self) -> str:
        return f"document {self.document_id} was withdrawn at {self.withdrawn_at.isoformat()}: begin another"


@dataclass(eq=False)
class DocumentSealed(DocumentError, StateRefused):
    document_id: uuid.UUID
    sealed_at: datetime

    def __str__(self) -> str:
        return f"document {self.document_id} was sealed at {self.sealed_at.isoformat()}; nothing more to do"


@dataclass(eq=False)
class SignatureRefused(DocumentError, StateRefused):
    """`problem` is a word of SIGNING_PROBLEMS."""

    document_id: uuid.UUID
    role: str
    problem: str

    def __str__(self) -> str:
        return f"document {self.document_id} cannot be signed so ({self.role}): {SIGNING_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class IssuerMissing(DocumentError, StateRefused):
    unit_id: uuid.UUID

    def __str__(self) -> str:
        return (
            f"neither unit {self.unit_id} nor one above it has a name and a word for its documents: set them by "
            "liuhen admin seal issuer"
        )


@dataclass(eq=False)
class SealMissing(DocumentError, StateRefused):
    unit_id: uuid.UUID

    def __str__(self) -> str:
        return f"unit {self.unit_id} has no seal that holds today: make or load one by liuhen admin seal make or load"


@dataclass(eq=False)
class SealUnusable(DocumentError, InputRefused):
    reason: str

    def __str__(self) -> str:
        return f"this cannot be a seal: {self.reason}"


@dataclass(eq=False)
class RenderingFailed(DocumentError):
    """`said` is the renderer's own words, about the template: nothing of what people wrote."""

    template: str
    said: str

    def __str__(self) -> str:
        return f"template {self.template} cannot be rendered: {self.said}"
