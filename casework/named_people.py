"""Which natural persons a case names, and where: what publications and dossiers have to hide in running text.

Names stand where somebody wrote them: parties, fields of documents, signatures, whom something was served on, who came
to see footage; and, of people of ours, who handled the case. Of others running text alone says who they are
(casework/publication/running_text.py), and whoever checks what is to be public looks for them.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from casework.documents.template_file import TemplateField
from storage.catalog.access import AccessRequest
from storage.catalog.casework import Case
from storage.catalog.decisions import DecisionVersion
from storage.catalog.documents import Document, DocumentSignature, DocumentTemplate, DocumentText
from storage.catalog.handling import CaseOfficer, IdentityShown, NoticeGiven
from storage.catalog.organisation import Person
from storage.catalog.procedure import CaseActStatement
from storage.catalog.publication import PublicationVersion
from storage.catalog.review import Adviser, CommitteeAttendance
from storage.catalog.rooms import RoomSession
from storage.catalog.service import CaseService

NAMING_LABEL: Final = re.compile("人|姓名|代表|经营者|户主")
"""A field of a template that says who somebody is, by its label: 当事人, 被询问人, 法定代表人（负责人）, 联系人."""
_BETWEEN: Final = re.compile(r"[\s、，,；;：:（）()／/|]+")
_AND: Final = re.compile("[与和及]")
# What people write around a name: who it is to the party, and what he did.
_ROLES: Final = (
    "当事人|被询问人|法定代表人|委托代理人|代理人|负责人|经营者|经营人|见证人|证人|联系人|受送达人|签收人|收件人|代收人|户主|"
    "同住成年家属|成年家属|同住家属|家属|其妻子?|其丈夫|其父亲?|其母亲?|其儿子|其女儿|其子女?|其[兄弟姐妹]|妻子|丈夫|父亲|母亲|"
    "儿子|女儿|子女|邻居|同事|员工|店员|店主|店长|老板|门卫|保安|前台|物业|社区|网格员|居委会|本人|先生|女士|同志|签收|代收|"
    "拒收|拒签|在场|陪同|身份证|电话|不详|不明|未知|的"
)
_AROUND: Final = re.compile(f"^(?:{_ROLES})+|(?:{_ROLES})+$")
_HAN: Final = re.compile("[\u3400-\u9fff]{2,4}")
_HAN_IN_PARTS: Final = re.compile("[\u3400-\u9fff]{1,12}(?:[·•・][\u3400-\u9fff]{1,12})+")
_LATIN: Final = re.compile(r"[A-Za-z][A-Za-z.'’-]+(?: [A-Za-z][A-Za-z.'’-]*)+")
# A body, however short its name: what it is called is published as it is.
_BODY: Final = re.compile(
    "(?:公司|商行|商店|超市|酒楼|酒店|餐馆|饭店|火锅店|支行|分局|公安局|大队|中队|街道|社区|医院|学校|法院|政府)$"
)


def names_in(session: Session, case_id: uuid.UUID) -> tuple[str, ...]:
    """Of natural persons, in no order that means anything; bodies that are a party to the case are none."""
    said, version = DecisionVersion, PublicationVersion
    parties = session.execute(select(said.party, said.party_kind).where(said.case_id == case_id)).all()
    stated = session.execute(
        select(version.party_full, version.party_kind, version.names).where(version.case_id == case_id)
    ).all()
    kinds = [*parties, *((party, kind) for party, kind, _ in stated)]
    bodies = {party for party, kind in kinds if kind == "organisation"}
    named = {party for party, kind in kinds if kind == "citizen"}
    named |= {str(each) for *_, names in stated for each in names}
    named |= {each for text in _written(session, case_id) for each in persons_in(text)}
    return tuple(sorted((named | _of_ours(session, case_id)) - bodies))


def persons_in(text: str) -> Iterator[str]:
    """Names that stand in a text that says who somebody is: 张三丰（妻子李四代收） names two.

    What might be one is taken for one: hidden once too often is no harm. A body's name is none.
    """
    yield from (match[0] for match in _LATIN.finditer(text))
    for part in _BETWEEN.split(text):
        # 和 may stand between two names, and in one: 张和平.
        yield from (name for each in (part, *_AND.split(part)) if _is_name(name := _bare(each)))


def _bare(part: str) -> str:
    while (stripped := _AROUND.sub("", part)) != part:
        part = stripped
    return part


def _is_name(part: str) -> bool:
    return _HAN_IN_PARTS.fullmatch(part) is not None or (_HAN.fullmatch(part) is not None and not _BODY.search(part))


def _written(session: Session, case_id: uuid.UUID) -> Iterator[str]:
    """What was written where it is said who somebody is, of anything in the case, withdrawn or not."""
    signed, service, asked = DocumentSignature, CaseService, AccessRequest
    others = select(signed.name).where(signed.case_id == case_id, signed.person_id.is_(None))
    yield from session.scalars(others)
    # Of what was entrusted the carrier is whoever took it; of others a number, an address, a board.
    carrier = case((service.method == "entrusted", service.carrier))
    served = select(service.addressee, service.receiver, service.witnesses, carrier)
    for row in session.execute(served.where(service.case_id == case_id)):
        yield from (each for each in row if each is not None)
    visitors = select(asked.visitor_name).where(asked.case_id == case_id)
    yield from (each for each in session.scalars(visitors) if each is not None)
    yield from _filled_in(session, case_id)


def _filled_in(session: Session, case_id: uuid.UUID) -> Iterator[str]:
    """What every text of every document has in fields that name somebody, by the template that it was begun with."""
    texts = select(Document.template_id, DocumentText.fields).join(Document, Document.id == DocumentText.document_id)
    rows = session.execute(texts.where(DocumentText.case_id == case_id)).all()
    used = select(DocumentTemplate).where(DocumentTemplate.id.in_({template_id for template_id, _ in rows}))
    fields = {each.id: [TemplateField.of(field) for field in each.rules["fields"]] for each in session.scalars(used)}
    for template_id, filled in rows:
        yield from _values(fields.get(template_id, ()), filled)


def _values(fields: Sequence[TemplateField], filled: Any) -> Iterator[str]:
    for field in fields:
        value = filled.get(field.name) if isinstance(filled, dict) else None
        if field.type == "rows" and isinstance(value, list):
            for row in value:
                yield from _values(field.columns, row)
        elif field.type == "line" and isinstance(value, str) and NAMING_LABEL.search(field.label_zh):
            yield value


def _of_ours(session: Session, case_id: uuid.UUID) -> set[str]:
    """Who opened the case, handled it, acted in it, used a room for it, or advised in it."""
    act, room = CaseActStatement, RoomSession
    ids: set[uuid.UUID | None] = {session.get_one(Case, case_id).opened_by}
    for of in (
        select(CaseOfficer.person_id, CaseOfficer.named_by).where(CaseOfficer.case_id == case_id),
        select(act.officer_id, act.second_officer_id).where(act.case_id == case_id),
        select(room.officer_id, room.second_officer_id).where(room.case_id == case_id),
        select(IdentityShown.person_id, IdentityShown.stated_by).where(IdentityShown.case_id == case_id),
        select(NoticeGiven.person_id, NoticeGiven.stated_by).where(NoticeGiven.case_id == case_id),
    ):
        ids |= _flat(session.execute(of))
    advised = select(Adviser.name).join(CommitteeAttendance, CommitteeAttendance.adviser_id == Adviser.id)
    people = session.scalars(select(Person.name).where(Person.id.in_(ids - {None})))
    return {*people, *session.scalars(advised.where(CommitteeAttendance.case_id == case_id))}


def _flat(rows: Iterable[Any]) -> set[uuid.UUID | None]:
    return {each for row in rows for each in row}
