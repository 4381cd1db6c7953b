"""`liuhen admin assignment`: who and which recorder was at work on a case; what was entered wrongly is put right."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.admin_archive import open_for_command, report
from api.cli.options import Json, UnitCode

assignments = typer.Typer(help="案件的指派：谁、用哪台设备、何时在办 / who was at work on a case", no_args_is_help=True)

Number = Annotated[str, typer.Argument(metavar="CASE", help="案号 / the case's number")]
Id = Annotated[str, typer.Argument(metavar="ASSIGNMENT_ID", help="指派的编号 / of the assignment")]
Reason = Annotated[str, typer.Option(help="理由 / why")]
Officer = Annotated[
    str | None, typer.Option(help="人员编号，按记录文件中的写法 / the officer's number, as files write it")
]
Device = Annotated[
    str | None, typer.Option(help="设备编号，按记录文件中的写法 / the recorder's code, as files write it")
]
Degrees = Annotated[float | None, typer.Option(help="现场的 WGS-84 坐标，度 / of the scene, in degrees")]
Stage = Annotated[
    str | None, typer.Option(help="环节，如 investigation / the stage; else the present one, or as before")
]


@assignments.command("list")
def list_assignments(number: Number, unit: UnitCode = None, as_json: Json = False) -> None:
    """列出一案的指派，已撤回的也在内 / List a case's assignments, the withdrawn among them."""
    from api.cli.admin_assignments import assignment_line, assignments

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = assignments(session, number, unit)
    report(as_json, {"items": items}, map(assignment_line, items))


@assignments.command("add")
def add_assignment(
    number: Number,
    starts_at: Annotated[str, typer.Option("--from", help="从何时；无时区按北京时间 / since when; Chinese time")],
    ends_at: Annotated[str, typer.Option("--until", help="到何时 / until when")],
    officer: Officer = None,
    device: Device = None,
    stage: Stage = None,
    latitude: Degrees = None,
    longitude: Degrees = None,
    unit: UnitCode = None,
    as_json: Json = False,
) -> None:
    """登记一次指派，人员和设备至少一项；相符的记录自动归入 / Say who was at work: an officer, a recorder or both."""
    from api.cli.admin_assignments import add, assignment_line

    words = {"officer": officer, "device": device, "stage": stage, "latitude": latitude, "longitude": longitude}
    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = add(session, number, unit, starts_at, ends_at, words)
    report(as_json, facts, (assignment_line(facts),))


@assignments.command("correct")
def correct_assignment(
    assignment: Id,
    reason: Reason,
    starts_at: Annotated[
        str | None, typer.Option("--from", help="从何时，默认不变 / since when, else as before")
    ] = None,
    ends_at: Annotated[
        str | None, typer.Option("--until", help="到何时，默认不变 / until when, else as before")
    ] = None,
    officer: Annotated[
        str | None, typer.Option(help="人员编号，默认不变，空则去除 / the officer, else as before; empty: none")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="设备编号，默认不变，空则去除 / the recorder, else as before; empty: none")
    ] = None,
    stage: Stage = None,
    latitude: Degrees = None,
    longitude: Degrees = None,
    no_place: Annotated[bool, typer.Option("--no-place", help="去除现场坐标 / state no scene any more")] = False,
    as_json: Json = False,
) -> None:
    """更正录错的指派，原指派保留并注明 / Say anew what an assignment should have said; the old one is withdrawn."""
    from api.cli.admin_assignments import assignment_line, correct

    words = {"officer": officer, "device": device, "stage": stage, "latitude": latitude, "longitude": longitude}
    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = correct(session, assignment, reason, starts_at, ends_at, words, no_place=no_place)
    report(as_json, facts, (assignment_line(facts),))


@assignments.command("withdraw")
def withdraw_assignment(assignment: Id, reason: Reason, as_json: Json = False) -> None:
    """撤回录错的指派，记录保留；已归入的记录由人确认 / Withdraw one entered by mistake; its links are asked about."""
    from api.cli.admin_assignments import assignment_line, withdraw

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = withdraw(session, assignment, reason)
    report(as_json, facts, (assignment_line(facts),))
