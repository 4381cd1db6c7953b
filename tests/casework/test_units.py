"""The way up the tree of units."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import event, update
from sqlalchemy.orm import Session

from casework.units import line_of, lines_of, units_below
from storage.catalog.organisation import Unit


def test_a_line_is_the_unit_itself_and_those_above_it_the_nearest_first(session: Session, archive: Any) -> None:
    bureau = archive.unit()
    brigade = archive.unit(bureau)
    squad, beside = archive.unit(brigade), archive.unit(bureau)
    assert line_of(session, squad.id) == (squad.id, brigade.id, bureau.id)
    assert line_of(session, beside.id) == (beside.id, bureau.id)
    assert line_of(session, bureau.id) == (bureau.id,)
    assert line_of(session, uuid.uuid4()) == ()


def test_many_lines_are_one_query_however_long_they_are(session: Session, archive: Any) -> None:
    line = [archive.unit()]
    for _ in range(30):
        line.append(archive.unit(line[-1]))
    upwards = [unit.id for unit in reversed(line)]
    wanted = {unit.id for unit in line}
    session.flush()
    statements: list[str] = []
    listen = session.connection(), "before_cursor_execute", lambda *about: statements.append(about[2])
    event.listen(*listen)
    found = lines_of(session, {*wanted, uuid.uuid4()})
    event.remove(*listen)
    assert found == {unit_id: tuple(upwards[place:]) for place, unit_id in enumerate(upwards)}
    assert len(statements) == 1
    assert lines_of(session, ()) == {}


def test_a_ring_of_parents_ends_the_walk(session: Session, archive: Any) -> None:
    top = archive.unit()
    middle = archive.unit(top)
    low = archive.unit(middle)
    session.execute(update(Unit).where(Unit.id == top.id).values(parent_id=middle.id))
    assert line_of(session, low.id) == (low.id, middle.id, top.id)
    assert line_of(session, top.id) == (top.id, middle.id)


def test_the_units_below_come_parents_first_and_by_their_codes(session: Session, archive: Any) -> None:
    bureau = archive.unit()
    brigades = sorted((archive.unit(bureau) for _ in range(3)), key=lambda each: str(each.code))
    squad, elsewhere = archive.unit(brigades[1]), archive.unit()
    expected = [(bureau, 0), (brigades[0], 1), (brigades[1], 1), (squad, 2), (brigades[2], 1)]
    assert [(node.unit, node.depth) for node in units_below(session, bureau.id)] == expected
    assert [node.unit for node in units_below(session, elsewhere.id)] == [elsewhere]
    session.execute(update(Unit).where(Unit.id == bureau.id).values(parent_id=squad.id))
    assert {node.unit.id for node in units_below(session, squad.id)} == {each.id for each, _ in expected}
