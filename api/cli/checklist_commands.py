"""`liuhen admin checklist`: which acts need which recordings, in versions of which none is ever changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.admin_archive import open_for_command, report
from api.cli.options import Json

checklists = typer.Typer(help="音像记录事项清单 / which acts need which recordings", no_args_is_help=True)

ChecklistPath = Annotated[Path, typer.Argument(help="YAML 文件，见 docs/completeness.md / a YAML file")]


@checklists.command("list")
def list_checklists(as_json: Json = False) -> None:
    """列出各版清单及其有效期 / List the versions, and the days on which each holds."""
    from api.cli.admin_checklists import checklist_line, list_all

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = list_all(session)
    report(as_json, {"items": items}, map(checklist_line, items))


@checklists.command("show")
def show_checklist(
    jurisdiction: Annotated[str, typer.Argument(help="清单系列，如 CN / the series, such as CN")],
    version: Annotated[int | None, typer.Argument(help="版本，默认最新 / the version, else the latest")] = None,
    unit: Annotated[str | None, typer.Option(metavar="CODE", help="该单位自己的清单 / the one of this unit")] = None,
    as_json: Json = False,
) -> None:
    """按载入时的原文打印一版清单 / Print one version as it was loaded."""
    from api.cli.admin_checklists import show

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        facts = show(session, jurisdiction, version, unit)
    report(as_json, facts, (str(facts["source"]).rstrip("\n"),))


@checklists.command("try")
def try_checklist(file: ChecklistPath, as_json: Json = False) -> None:
    """试读清单文件，不更改任何内容 / Say what would become of a file; nothing is changed."""
    from api.cli.admin_checklists import checklist_line, take

    with open_for_command("admin") as opened, opened.archive.database.transaction() as session:
        facts = take(session, file)
        session.rollback()
    lines = (checklist_line(facts), "未载入：这是试读 / not loaded: this was a try")
    report(as_json, {**facts, "loaded": False}, lines)


@checklists.command("load")
def load_checklist(file: ChecklistPath, as_json: Json = False) -> None:
    """载入一版清单；已载入的版本不再更改 / Load a version, for good."""
    from api.cli.admin_checklists import checklist_line, take

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = take(session, file)
    report(as_json, {**facts, "loaded": True}, (checklist_line(facts),))
