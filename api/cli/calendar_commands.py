"""`liuhen admin calendar`: the days off of years (放假安排) that are newer than the installed library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.admin_archive import open_for_command, report
from api.cli.options import Json

calendars = typer.Typer(help="各年放假安排 / the days off of the years", no_args_is_help=True)

YearPath = Annotated[Path, typer.Argument(help="YAML 文件，见 docs/formats/rules.md / a YAML file")]


@calendars.command("list")
def list_years(as_json: Json = False) -> None:
    """列出已公布的年份及其来源 / List the years that are announced, and where each is known from."""
    from api.cli.admin_calendars import list_all, year_line

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = list_all(session)
    report(as_json, {"items": items}, map(year_line, items))


@calendars.command("try")
def try_year(file: YearPath, as_json: Json = False) -> None:
    """试读一年的放假安排，不更改任何内容 / Say what would become of a year's days off; nothing is changed."""
    from api.cli.admin_calendars import take, year_line

    with open_for_command("admin") as opened, opened.archive.database.transaction() as session:
        facts = take(session, file)
        session.rollback()
    lines = (year_line(facts), "未载入：这是试读 / not loaded: this was a try")
    report(as_json, {**facts, "loaded": False}, lines)


@calendars.command("load")
def load_year(file: YearPath, as_json: Json = False) -> None:
    """载入一年的放假安排，未办结的期限随之重新计算 / Load a year's days off; open terms are computed anew."""
    from api.cli.admin_calendars import take, year_line

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = take(session, file)
    report(as_json, {**facts, "loaded": True}, (year_line(facts),))
