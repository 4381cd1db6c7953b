"""`liuhen admin element`: what recordings lack or contradict, and whom it is asked of."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.admin_archive import open_for_command, report
from api.cli.options import Json, UnitCode

elements = typer.Typer(help="记录缺失或矛盾的要素 / what recordings lack or contradict", no_args_is_help=True)


@elements.command("list")
def list_elements(
    officer: Annotated[
        str | None, typer.Option(help="仅此人员的记录：编号或用户名 / of this officer: badge number or sign-in name")
    ] = None,
    unit: UnitCode = None,
    as_json: Json = False,
) -> None:
    """列出待补正的要素，每组一行 / List what is asked, a line a group."""
    from api.cli.admin_elements import group_line, groups

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = groups(session, officer, unit)
    report(as_json, {"items": items}, map(group_line, items))


@elements.command("show")
def show_elements(
    recording: Annotated[str, typer.Argument(metavar="RECORDING_ID", help="记录编号 / its id")], as_json: Json = False
) -> None:
    """一条记录的要素、规则版本与答复 / What one recording has and lacks, by which policies, and the answers."""
    from api.cli.admin_elements import element_lines, elements_of

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        facts = elements_of(session, recording)
    report(as_json, facts, element_lines(facts))


@elements.command("judge-again")
def judge_again(as_json: Json = False) -> None:
    """由事实重新得出全部要素判断与待补问题 / Make every judgement and question anew from the facts."""
    from api.cli.admin_elements import judge_all_again

    with open_for_command("admin") as opened:
        facts = judge_all_again(opened.archive)
    report(as_json, facts, [f"重新判断了 {facts['judged']} 条记录 / judged again: {facts['judged']} recordings"])
