"""舆情应对: the dossiers of a case with the form to make one, and one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from api.http.reading.dossiers import people_of, rule_names
from api.http.sessions import language_of
from api.pages.visit import Visit
from api.words.dossiers import sections_of
from casework.cases import find_case
from casework.dossiers.making import CHECKING, dossiers_of_case, facts_of, find_dossier, outdated_among
from casework.organisation import names_of
from casework.permission import MAY
from casework.publication.duties import duties_of
from casework.secrecy import class_of
from storage.catalog.casework import Case
from storage.catalog.organisation import Person


def build_dossiers(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["see_dossiers"])
    session, person = visit.session, visit.person
    case = find_case(session, person, visit.path_id())
    rows = dossiers_of_case(session, person, case.id)
    unit = select(Person).where(Person.unit_id == person.unit_id, Person.active).order_by(Person.name, Person.id)
    return {
        "case": case,
        "secrecy_class": class_of(session, case.id),
        "dossiers": rows,
        "outdated": outdated_among(session, rows),
        "names": names_of(session, people_of(rows)),
        "people": session.scalars(unit).all() if person.role in MAY["make_dossiers"] else (),
    }


def build_dossier(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["see_dossiers"])
    session, person, language = visit.session, visit.person, language_of(visit.request)
    row = find_dossier(session, person, visit.path_id())
    return {
        "row": row,
        "case": session.get_one(Case, row.case_id),
        "sections": sections_of(facts_of(row), language, rule_names(session, language)),
        "names": names_of(session, people_of([row])),
        "outdated": row.id in outdated_among(session, [row]),
        "may_check": row.made_by != person.id and CHECKING in duties_of(session, person),
    }
