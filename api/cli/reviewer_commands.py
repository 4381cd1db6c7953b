"""`liuhen admin reviewer`: what lets somebody give an opinion of a legal review (审核资格)."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.admin_archive import open_for_command, report
from api.cli.options import Json

reviewers = typer.Typer(help="法制审核人员的资格 / what lets somebody review", no_args_is_help=True)

Person = Annotated[str, typer.Argument(help="人员编号或用户名 / badge number or sign-in name")]


@reviewers.command("qualify")
def add_qualification(
    person: Person,
    number: Annotated[str, typer.Argument(help="证书编号或存档编号 / number of the certificate, or of the file")],
    valid_from: Annotated[str, typer.Option("--from", metavar="DAY", help="有效期起 / first day, 2026-01-01")],
    last_day: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="有效期至（含当日） / last day, included")
    ] = None,
    before: Annotated[
        bool, typer.Option("--reviewed-before", help="此前已从事法制审核，非初次 / reviewed before, not a first-timer")
    ] = False,
    as_json: Json = False,
) -> None:
    """登记法律职业资格 / Enter a legal qualification."""
    from api.cli.admin_reviewers import qualification_line, qualify

    ground = "reviewed_before" if before else "legal_profession"
    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = qualify(session, person, ground, number, valid_from, last_day)
    report(as_json, facts, (qualification_line(facts),))


@reviewers.command("list")
def list_qualifications(person: Person, as_json: Json = False) -> None:
    """列出其资格 / List what somebody holds."""
    from api.cli.admin_reviewers import held_by, qualification_line

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = held_by(session, person)
    report(as_json, {"items": items}, map(qualification_line, items))


@reviewers.command("void")
def void_qualification(
    qualification: Annotated[str, typer.Argument(metavar="QUALIFICATION_ID", help="资格登记的编号 / its id")],
    reason: Annotated[str, typer.Option(help="理由 / why")],
    as_json: Json = False,
) -> None:
    """将录错的资格作废，据此的审核意见随之失效 / Void one that was entered by mistake, and reviews by it."""
    from api.cli.admin_reviewers import qualification_line, void

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = void(session, qualification, reason)
    report(as_json, facts, (qualification_line(facts),))
