"""The kinds of terms there are (期限), each once: what one runs from, which way, whose it is, what it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Direction = Literal["after", "before"]


@dataclass(frozen=True)
class TermKind:
    """`name_zh`: its short name, as `liuhen rules terms` prints it and as a table of starts may write it.

    `event`: the kind of event that starts it (casework/deadlines/events.py); None: it is worked out alone, and kept
    nowhere. `direction`: whether it runs from its event, or back from it, as a hearing is announced before it is held.
    `publishes`: by its end that is public, a word of PUBLICATION_KINDS; `leaves_the_public`: by its end nothing is.
    `is_the_partys`: for what the party may do; one that has passed is nobody's default, and nothing is left to be done.
    `in_documents`: a template may ask for its due day.
    """

    name_zh: str
    event: str | None
    direction: Direction = "after"
    publishes: str | None = None
    leaves_the_public: bool = False
    is_the_partys: bool = False
    in_documents: bool = False


KINDS: Final[Mapping[str, TermKind]] = {
    "publish_penalty": TermKind("公示处罚决定", "penalty_decided", publishes="penalty"),
    "publish_inspection": TermKind("公示检查结果", "inspection_concluded", publishes="inspection"),
    "withdraw": TermKind("撤回公示", "decision_revoked", leaves_the_public=True),
    "service": TermKind("送达", "penalty_decided", in_documents=True),
    "posted_service": TermKind("公告送达", None),
    "preservation": TermKind("登记保存后处理", "evidence_registered", in_documents=True),
    "hearing_request": TermKind("要求听证", "hearing_offered", is_the_partys=True, in_documents=True),
    "hearing_notice": TermKind("通知听证", "hearing_held", direction="before", in_documents=True),
    "decision": TermKind("作出决定", "case_filed", in_documents=True),
}


def terms_from(event: str) -> tuple[str, ...]:
    """The kinds that run from such an event."""
    return tuple(name for name, kind in KINDS.items() if kind.event == event)
