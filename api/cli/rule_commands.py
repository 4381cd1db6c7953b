"""`liuhen admin policy|checklist|terms|retention|review-scope|notice-rule`: versions of which none is ever changed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.admin_archive import open_for_command, report
from api.cli.options import Json

if TYPE_CHECKING:
    from api.cli.admin_rules import RuleAdmin

RulePath = Annotated[Path, typer.Argument(help="YAML 文件，见 docs/formats/rules.md / a YAML file")]
Series = Annotated[str, typer.Argument(help="系列，如 CN / the series, such as CN")]
Version = Annotated[int | None, typer.Argument(help="版本，默认最新 / the version, else the latest")]
OwnOf = Annotated[str | None, typer.Option(metavar="CODE", help="该单位自己的 / the one of this unit")]


def rule_group(about: str, module: str) -> typer.Typer:
    """The commands for the rules whose RuleAdmin is `ADMIN` in that module, which is imported when it is needed."""
    group = typer.Typer(help=about, no_args_is_help=True)

    def admin() -> RuleAdmin[Any]:
        found: RuleAdmin[Any] = import_module(module).ADMIN
        return found

    @group.command("list")
    def list_versions(as_json: Json = False) -> None:
        """列出各版及其有效期 / List the versions, and the days on which each holds."""
        from api.cli.admin_rules import version_line

        with open_for_command("admin") as opened, opened.archive.database.reading() as session:
            items = admin().list_all(session)
        report(as_json, {"items": items}, map(version_line, items))

    @group.command("show")
    def show_version(jurisdiction: Series, version: Version = None, unit: OwnOf = None, as_json: Json = False) -> None:
        """按载入时的原文打印一版 / Print one version as it was loaded."""
        with open_for_command("admin") as opened, opened.archive.database.reading() as session:
            facts = admin().show(session, jurisdiction, version, unit)
        report(as_json, facts, str(facts["source"]).rstrip("\n").split("\n"))

    @group.command("try")
    def try_version(file: RulePath, as_json: Json = False) -> None:
        """试读文件，不更改任何内容 / Say what would become of a file; nothing is changed."""
        from api.cli.admin_rules import version_line

        with open_for_command("admin") as opened, opened.archive.database.transaction() as session:
            facts = admin().take(session, file)
            session.rollback()
        lines = (version_line(facts), *admin().lines(facts), "未载入：这是试读 / not loaded: this was a try")
        report(as_json, {**facts, "loaded": False}, lines)

    @group.command("load")
    def load_version(file: RulePath, as_json: Json = False) -> None:
        """载入一版；已载入的版本不再更改 / Load a version, for good."""
        from api.cli.admin_rules import version_line

        with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
            facts = admin().take(session, file)
        report(as_json, {**facts, "loaded": True}, (version_line(facts),))

    return group
