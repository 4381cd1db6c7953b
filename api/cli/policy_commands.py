"""`liuhen admin policy`: which elements a recording must have, in versions of which none is ever changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.admin_archive import open_for_command, report
from api.cli.options import Json

policies = typer.Typer(help="音像记录必备要素的规则 / which elements a recording must have", no_args_is_help=True)

PolicyPath = Annotated[Path, typer.Argument(help="YAML 文件，见 docs/elements.md / a YAML file")]


@policies.command("list")
def list_policies(as_json: Json = False) -> None:
    """列出各版规则及其有效期 / List the versions, and the days on which each holds."""
    from api.cli.admin_policies import list_all, policy_line

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = list_all(session)
    report(as_json, {"items": items}, map(policy_line, items))


@policies.command("show")
def show_policy(
    jurisdiction: Annotated[str, typer.Argument(help="规则系列，如 CN / the series, such as CN")],
    version: Annotated[int | None, typer.Argument(help="版本，默认最新 / the version, else the latest")] = None,
    unit: Annotated[str | None, typer.Option(metavar="CODE", help="该单位自己的规则 / the one of this unit")] = None,
    as_json: Json = False,
) -> None:
    """按载入时的原文打印一版规则 / Print one version as it was loaded."""
    from api.cli.admin_policies import show

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        facts = show(session, jurisdiction, version, unit)
    report(as_json, facts, (str(facts["source"]).rstrip("\n"),))


@policies.command("try")
def try_policy(file: PolicyPath, as_json: Json = False) -> None:
    """试读规则文件，不更改任何内容 / Say what would become of a file; nothing is changed."""
    from api.cli.admin_policies import lost_lines, policy_line, take

    with open_for_command("admin") as opened, opened.archive.database.transaction() as session:
        facts = take(session, file)
        session.rollback()
    lines = (policy_line(facts), *lost_lines(facts), "未载入：这是试读 / not loaded: this was a try")
    report(as_json, {**facts, "loaded": False}, lines)


@policies.command("load")
def load_policy(file: PolicyPath, as_json: Json = False) -> None:
    """载入一版规则；已载入的版本不再更改 / Load a version, for good."""
    from api.cli.admin_policies import policy_line, take

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = take(session, file)
    report(as_json, {**facts, "loaded": True}, (policy_line(facts),))
