"""Collecting (采集) what is to be published, and stating it anew (更正): each text is a version, and none is changed.

Text that is not given is made by the rules of masking. What they still find in a text is refused, or kept for a reason.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.deadlines.kinds import KINDS
from casework.named_people import names_in
from casework.publication.duties import require_duty
from casework.publication.errors import MaskingNeeded, PublicationUnusable, StepRefused
from casework.publication.masking import NAME, Found, narrowed
from casework.publication.publicity import Publicity, publicity_on
from casework.publication.running_text import persons_spoken_of
from casework.publication.whereabouts import fell_with_its_decision
from casework.rows import unique
from casework.secrecy import class_of
from casework.wording import known_word, optional_name, required_name, required_text
from integrity.local_time import chinese_day
from retention.subjects import row_in_unit
from storage.catalog.casework import Case
from storage.catalog.deadlines import CaseEvent
from storage.catalog.decisions import PARTY_KINDS, DecisionIssue, DecisionVersion
from storage.catalog.organisation import Person, Unit
from storage.catalog.publication import Publication, PublicationVersion
from storage.ledger.append import Actor, Change, record_change

KIND_OF_EVENT: Final[Mapping[str, str]] = {
    kind.event: kind.publishes for kind in KINDS.values() if kind.event is not None and kind.publishes is not None
}
CATEGORIES: Final = {"penalty": "行政处罚", "inspection": "行政检查（双随机、一公开）"}
PUBLIC: Final = ("authority", "party", "category", "conclusion", "document_number", "legal_basis")
"""执法机关, 执法对象, 执法类别, 执法结论 (the four that nothing is published without), 文书号, 依据."""
RUNNING: Final = ("conclusion", "document_number", "legal_basis")
"""Of these, what somebody writes as he likes."""
MOST_NAMES: Final = 50


@dataclass(frozen=True)
class Kept:
    """What a mask finds and stays as it is: `text` of the mask `code`, for this reason."""

    code: str
    text: str
    reason: str


@dataclass(frozen=True)
class Said:
    """What somebody states towards a publication. None of `PUBLIC`: made by rule.

    `party_full`, `party_kind`, `conclusion_full`: of an inspection alone; a decision says its own. `names`: of further
    natural persons that a text may name; whom the case knows, or a text introduces, is found. `withhold_ground`: not
    to be published, for `withhold_reason`.
    """

    party_full: str | None = None
    party_kind: str | None = None
    conclusion_full: str | None = None
    names: tuple[str, ...] = ()
    authority: str | None = None
    party: str | None = None
    category: str | None = None
    conclusion: str | None = None
    document_number: str | None = None
    legal_basis: str | None = None
    kept: tuple[Kept, ...] = ()
    withhold_ground: str | None = None
    withhold_reason: str | None = None


@dataclass(frozen=True)
class Original:
    """What there is to publish, as it is: of a decision that was issued, or of an inspection as somebody states it."""

    party: str
    party_kind: str
    conclusion: str
    decided_on: date

    def names(self, more: tuple[str, ...]) -> tuple[str, ...]:
        return (*more, self.party) if self.party_kind == "citizen" else more


def collect(session: Session, by: Person, event_id: uuid.UUID, said: Said, now: datetime) -> PublicationVersion:
    """What is to be published of the decision, or of the inspection's result, from whose event a term runs.

    Raises MaskingNeeded, PublicationUnusable, DutyLacking, NoPublicityRules, TextUnusable, WordUnknown, UnknownSubject,
    OutsideUnit.
    """
    require_duty(session, by, "collect")
    event = row_in_unit(session, by, CaseEvent, event_id)
    case = row_in_unit(session, by, Case, event.case_id, lock=True)
    session.refresh(event)
    if event.kind not in KIND_OF_EVENT or event.withdrawn_at is not None:
        raise PublicationUnusable("event")
    issue = _issue_of(session, event)
    if issue is not None:
        _refuse_fallen(session, issue)
    row = Publication(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        kind=KIND_OF_EVENT[event.kind],
        event_id=event.id,
        issue_id=None if issue is None else issue.id,
        begun_by=by.id,
        begun_at=datetime.now(UTC),
    )
    # Nothing stays of it where its text is refused.
    with session.begin_nested():
        begun = PublicationUnusable("begun")
        with unique(session, {"uq_publication_event_id": begun, "uq_publication_issue_id": begun}):
            session.add(row)
        return _state(session, by, row, 1, said, now)


def restate(
    session: Session,
    by: Person,
    publication_id: uuid.UUID,
    said: Said,
    reason: str,
    now: datetime,
    *,
    former: uuid.UUID,
    hides_former: bool = False,
) -> PublicationVersion:
    """Another text, for a reason that is public; what is published stays so until this is published instead.

    `former`: the version that was read. `hides_former`: the public history does not show what stood there before.
    Raises StepRefused, and what `collect` raises.
    """
    require_duty(session, by, "collect")
    reason = required_text("reason", reason)
    row = lock_publication(session, by, publication_id)
    latest = latest_version(session, row.id)
    if latest.id != former:
        raise StepRefused(row.id, "changed")
    refuse_ended(session, row)
    return _state(session, by, row, latest.ordinal + 1, said, now, reason, hides_former)


def lock_publication(session: Session, by: Person, publication_id: uuid.UUID) -> Publication:
    """A publication of the person's unit, whose case nobody else changes until the transaction ends.

    Raises UnknownSubject, OutsideUnit.
    """
    row = row_in_unit(session, by, Publication, publication_id)
    row_in_unit(session, by, Case, row.case_id, lock=True)
    session.refresh(row)
    return row


def refuse_ended(session: Session, row: Publication) -> None:
    """Whether it may go on: its decision has not fallen, and its event stands. Raises StepRefused."""
    if fell_with_its_decision(session, row.id):
        raise StepRefused(row.id, "down_for_good")
    if row.ended_at is not None or session.get_one(CaseEvent, row.event_id).withdrawn_at is not None:
        raise StepRefused(row.id, "ended")


def latest_version(session: Session, publication_id: uuid.UUID) -> PublicationVersion:
    said = select(PublicationVersion).where(PublicationVersion.publication_id == publication_id)
    return session.scalars(said.order_by(PublicationVersion.ordinal.desc()).limit(1)).one()


def original_of(session: Session, event: CaseEvent, said: Said) -> Original:
    """What the decision says, or what is said of the inspection. Raises PublicationUnusable, TextUnusable."""
    issue = _issue_of(session, event)
    if issue is not None:
        version = session.get_one(DecisionVersion, issue.version_id)
        return Original(version.party, version.party_kind, version.content, event.day)
    if not (said.party_full and said.party_kind and said.conclusion_full):
        raise PublicationUnusable("party_missing")
    kind = known_word("party_kind", said.party_kind, PARTY_KINDS)
    party, found = required_name("party", said.party_full), required_text("conclusion", said.conclusion_full)
    return Original(party, kind, found, event.day)


def names_spoken_of(
    party: str, party_kind: str, texts: Iterable[str | None], known: Collection[str]
) -> tuple[str, ...]:
    """Besides the party, whom running texts name: of those `known` to the case, and who reads like it. That an
    organisation is called by somebody's name names nobody: it is public as it is."""
    called = party if party_kind == "organisation" else ""
    spoken: dict[str, None] = {}
    for text in filter(None, texts):
        plain = narrowed(text)
        closed_up = re.sub(r"\s", "", plain.replace(called, "") if called else plain)
        spoken |= dict.fromkeys(sorted(name for name in known if len(name) > 1 and name in closed_up))
        spoken |= dict.fromkeys(name for name in persons_spoken_of(plain) if name in closed_up)
    return tuple(name for name in spoken if name != party)


def propose(
    original: Original, said: Said, publicity: Publicity, unit: Unit, kind: str, spoken: tuple[str, ...]
) -> dict[str, str | None]:
    """The public fields: as they were said, or made by the rules of masking. `spoken`: `names_spoken_of`."""
    names = original.names((*said.names, *spoken))
    by_rule = {
        "authority": unit.name,
        "party": publicity.masking.mask(original.party, original.names(())),
        "category": CATEGORIES[kind],
        "conclusion": publicity.masking.mask(original.conclusion, names),
        "document_number": None,
        "legal_basis": None,
    }
    return {name: getattr(said, name) or by_rule[name] for name in PUBLIC}


def _issue_of(session: Session, event: CaseEvent) -> DecisionIssue | None:
    """The decision that the event names; None of an inspection. Raises PublicationUnusable."""
    if KIND_OF_EVENT.get(event.kind) != "penalty":
        return None
    if event.issue_id is None:
        raise PublicationUnusable("not_issued")
    return session.get_one(DecisionIssue, event.issue_id)


def _refuse_fallen(session: Session, issue: DecisionIssue) -> None:
    """Raises PublicationUnusable of a decision that was taken down because it fell, from whatever event."""
    former = session.scalars(select(Publication.id).where(Publication.issue_id == issue.id))
    if any(fell_with_its_decision(session, each) for each in former.all()):
        raise PublicationUnusable("fell")


def _state(
    session: Session,
    by: Person,
    row: Publication,
    ordinal: int,
    said: Said,
    now: datetime,
    reason: str | None = None,
    hides_former: bool = False,
) -> PublicationVersion:
    original = original_of(session, session.get_one(CaseEvent, row.event_id), said)
    publicity = publicity_on(session, row.unit_id, chinese_day(now))
    names = _names(said.names)
    texts = (*(() if said.withhold_ground else (original.conclusion, said.conclusion, said.legal_basis)), reason)
    spoken = names_spoken_of(original.party, original.party_kind, texts, names_in(session, row.case_id))
    spoken = _but_kept(spoken, names, said.kept)
    if said.withhold_ground is None:
        unit = session.get_one(Unit, row.unit_id)
        public = propose(original, said, publicity, unit, row.kind, spoken)
        public = _checked(session, row, public, original, said, publicity, spoken)
    else:
        public = _withheld(said, publicity)
    if reason is not None:
        _refuse_unmasked("reason", reason, original.names(names), said.kept, publicity, spoken)
    version = PublicationVersion(
        id=uuid.uuid4(),
        unit_id=row.unit_id,
        case_id=row.case_id,
        publication_id=row.id,
        ordinal=ordinal,
        party_full=original.party,
        party_kind=original.party_kind,
        conclusion_full=original.conclusion,
        names=[*names, *spoken],
        **public,
        decided_on=original.decided_on if said.withhold_ground is None else None,
        kept=[] if said.withhold_ground else [vars(each) for each in said.kept],
        rules=list(publicity.versions),
        needs_second=True,
        reason=reason,
        hides_former=hides_former,
        stated_by=by.id,
        stated_at=datetime.now(UTC),
    )
    session.add(version)
    session.flush()
    # Of whom a decision speaks, and whether two look at it, is the database's to say, and it has said so.
    session.refresh(version)
    _record(session, by, row, version)
    return version


def _checked(
    session: Session,
    row: Publication,
    public: dict[str, str | None],
    original: Original,
    said: Said,
    publicity: Publicity,
    spoken: tuple[str, ...],
) -> dict[str, str | None]:
    """The public fields as they are stored. Raises PublicationUnusable, MaskingNeeded, TextUnusable."""
    if class_of(session, row.case_id) == "state_secret":
        raise PublicationUnusable("secret")
    for each in said.kept:
        required_text("kept.reason", each.reason)
    checked = {name: _text(name, public[name]) for name in PUBLIC}
    for name, text in checked.items():
        # A shop may bear its owner's name: that of an organisation is published as it is.
        names = original.names(() if name == "party" else _names(said.names))
        if text is not None:
            _refuse_unmasked(name, text, names, said.kept, publicity, spoken if name in RUNNING else ())
    return {**checked, "withhold_ground": None, "withhold_reason": None}


def _withheld(said: Said, publicity: Publicity) -> dict[str, str | None]:
    if said.withhold_ground not in {each.code for each in publicity.grounds}:
        raise PublicationUnusable("ground_unknown")
    reason = required_text("withhold_reason", said.withhold_reason or "")
    return {**dict.fromkeys(PUBLIC), "withhold_ground": said.withhold_ground, "withhold_reason": reason}


def _text(name: str, text: str | None) -> str | None:
    if name in ("document_number", "legal_basis"):
        return optional_name(name, text)
    return required_text(name, text or "") if name == "conclusion" else required_name(name, text or "")


def _but_kept(spoken: tuple[str, ...], told: tuple[str, ...], kept: tuple[Kept, ...]) -> tuple[str, ...]:
    """Without those of which somebody says, with a reason, that they are no person's name; what was told is one."""
    stays = {each.text for each in kept if each.code == NAME}
    return tuple(name for name in spoken if name not in stays and name not in told)


def _refuse_unmasked(
    field: str,
    text: str,
    names: tuple[str, ...],
    kept: tuple[Kept, ...],
    publicity: Publicity,
    spoken: tuple[str, ...],
) -> None:
    stays = {(each.code, each.text) for each in kept}
    found = [
        each
        for each in publicity.masking.find(text, names, spoken)
        if each.never_kept or (each.code, each.text) not in stays
    ]
    if found:
        raise masking_needed(field, found)


def masking_needed(field: str, found: Iterable[Found]) -> MaskingNeeded:
    codes = tuple(dict.fromkeys(each.code for each in found))
    return MaskingNeeded(field, codes, tuple(each.text for each in found if each.code == NAME))


def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > MOST_NAMES:
        raise PublicationUnusable("too_many_names")
    return tuple(dict.fromkeys(required_name("names", each) for each in names if each.strip()))


def _record(session: Session, by: Person, row: Publication, version: PublicationVersion) -> None:
    stated = ("ordinal", "party_kind", "withhold_ground", "rules", "needs_second", "hides_former")
    data: dict[str, Any] = {
        "case_id": str(row.case_id),
        "version_id": str(version.id),
        "decided_on": None if version.decided_on is None else version.decided_on.isoformat(),
        **{name: getattr(version, name) for name in stated},
    }
    if version.ordinal == 1:
        data |= {"kind": row.kind, "event_id": str(row.event_id)}
        data |= {} if row.issue_id is None else {"issue_id": str(row.issue_id)}
    texts = {name: getattr(version, name) for name in (*PUBLIC, *PRIVATE)}
    private = {name: text for name, text in texts.items() if text is not None}
    private |= {"names_text": as_text(version.names), "kept_text": as_text(version.kept)}
    action = "publication.collected" if version.ordinal == 1 else "publication.restated"
    change = Change(action, "publication", str(row.id), row.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)


PRIVATE: Final = ("party_full", "conclusion_full", "withhold_reason", "reason")
"""Besides the public ones: what an entry commits to of a version's text."""


def as_text(listed: list[Any]) -> str:
    """A list as an entry commits to it."""
    return json.dumps(listed, ensure_ascii=False, sort_keys=True)
