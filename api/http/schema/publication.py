"""Publication (公示): what is published, each step towards it, where it was posted; and the duties of a unit."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.http.schema.base import Answer, CaseRef, Form, LongText, PersonRef, Sha256Hex, ShortText

Word = Annotated[str, StringConstraints(max_length=40)]


class KeptText(Form):
    """What a rule would mask and stays as it is: only where the rule lets it (an address, never an identity number)."""

    code: Word = Field(examples=["address"])
    text: ShortText = Field(examples=["88号"])
    reason: LongText = Field(examples=["违法行为发生地，不是住址"])


class SaidPublication(Form):
    """What is to be published. A public field that is left out is made by the rules of masking.

    `party_full`, `party_kind` and `conclusion_full` are of an inspection alone: a decision says its own. `names`: of
    further natural persons whom a text may name. With `withhold_ground` nothing is published, for `withhold_reason`.
    """

    party_full: ShortText | None = Field(default=None, examples=["某某商贸有限公司"])
    party_kind: Word | None = Field(default=None, examples=["organisation"])
    conclusion_full: LongText | None = Field(default=None, examples=["未发现问题"])
    names: list[ShortText] = Field(default_factory=list, max_length=50)
    authority: ShortText | None = Field(default=None, description="执法机关", examples=["某区城市管理局"])
    party: ShortText | None = Field(default=None, description="执法对象", examples=["张某"])
    category: ShortText | None = Field(default=None, description="执法类别", examples=["行政处罚"])
    conclusion: LongText | None = Field(default=None, description="执法结论", examples=["罚款人民币二百元"])
    document_number: ShortText | None = Field(default=None, examples=["江综执罚决〔2026〕12号"])
    legal_basis: ShortText | None = Field(default=None, examples=["《城市市容和环境卫生管理条例》第三十四条"])
    kept: list[KeptText] = Field(default_factory=list, max_length=20)
    withhold_ground: Word | None = Field(default=None, examples=["business_secret"])
    withhold_reason: LongText | None = None


class RestatedPublication(SaidPublication):
    """`former`: the version that was read. `reason` is public. `hides_former`: the history shows no old text."""

    reason: LongText = Field(examples=["金额录入有误"])
    former: uuid.UUID
    hides_former: bool = False


class OfVersion(Form):
    """The version that was read: where the text was changed meanwhile, this is refused."""

    version_id: uuid.UUID


class NewPass(OfVersion):
    note: LongText | None = None


class NewReturn(OfVersion):
    reason: LongText


class TakingDown(Form):
    """`ground`: revoked (被依法撤销), unlawful (确认违法), remade (要求重新作出), inaccurate or privacy.

    `reason` is public.
    """

    ground: Word = Field(examples=["revoked"])
    reason: LongText = Field(examples=["复议机关决定撤销"])


class NewPosting(Form):
    """`place`: the address there, or which board."""

    channel: Word = Field(examples=["website"])
    place: LongText = Field(examples=["https://www.example.gov.cn/gs/12.html"])
    posted_on: date


class Removal(Form):
    """How it is known that it stands there no more."""

    removal: LongText = Field(examples=["已从网站删除并核对"])


class NewDuty(Form):
    duty: Word = Field(description="collect, transmit, review or publish", examples=["review"])


class DutyItem(Answer):
    id: uuid.UUID
    unit_id: uuid.UUID
    person: PersonRef
    duty: str
    named_at: datetime
    ended_at: datetime | None


class PublicationText(Answer):
    """One text: the public fields, and what they were made of. `needs_second`: two reviewers look at it."""

    id: uuid.UUID
    ordinal: int
    authority: str | None
    party: str | None
    category: str | None
    conclusion: str | None
    document_number: str | None
    legal_basis: str | None
    decided_on: date | None
    party_full: str
    party_kind: str
    conclusion_full: str
    names: list[str]
    kept: list[KeptText]
    withhold_ground: str | None
    withhold_reason: str | None
    needs_second: bool
    reason: str | None
    hides_former: bool
    stated_by: PersonRef
    stated_at: datetime


class StepItem(Answer):
    version_id: uuid.UUID
    step: str = Field(examples=["transmitted"])
    ground: str | None
    reason: str | None
    taken_by: PersonRef
    taken_at: datetime


class EvidenceItem(Answer):
    id: uuid.UUID
    name: str
    media_type: str
    sha256: Sha256Hex
    filed_at: datetime


class PostingItem(Answer):
    id: uuid.UUID
    version_id: uuid.UUID
    channel: str
    place: str
    posted_on: date
    removed_at: datetime | None
    removal: str | None
    evidence: list[EvidenceItem]


class PushItem(Answer):
    """A message to the city's platform. `state`: waiting, retrying, accepted, refused or superseded by a later one;
    `problem`: why it was not taken yet, one of gate, unreachable, untrusted, no_answer, too_long, no_receipt, status;
    `detail`: in the platform's words; `overdue_from`: null once the platform has it, refused it, or need not
    have it."""

    id: uuid.UUID
    action: str = Field(examples=["publish"])
    state: str = Field(examples=["accepted"])
    attempts: int
    due_at: datetime
    overdue_from: datetime | None
    attempted_at: datetime | None
    accepted_at: datetime | None
    receipt: str | None
    problem: str | None
    detail: str | None


class PublicationItem(Answer):
    """`state`: collected, transmitted, passed_once, passed, returned, published, withheld or taken_down, of the latest
    text; `shown_version_id`: the text that the public sees now; `next_duty`: whose turn it is."""

    id: uuid.UUID
    case: CaseRef
    kind: str = Field(examples=["penalty"])
    event_id: uuid.UUID
    state: str = Field(examples=["transmitted"])
    next_duty: str | None = Field(examples=["review"])
    shown_version_id: uuid.UUID | None
    shown_at: datetime | None
    versions: list[PublicationText]
    steps: list[StepItem]
    postings: list[PostingItem]
    pushes: list[PushItem]


class DuePublication(Answer):
    """A term of publishing or withdrawing; `publication` null: nobody has collected it yet."""

    case: CaseRef
    event_id: uuid.UUID
    term: str = Field(examples=["publish_penalty"])
    event_day: date
    due_on: date | None
    estimate: date | None
    state: str = Field(description="overdue, due_today, soon, running, estimate or no_term", examples=["soon"])
    days_left: int | None = Field(description="Working days; less than 0 where the due day has passed")
    publication_id: uuid.UUID | None
    publication_state: str | None
    next_duty: str | None
