"""`liuhen admin post`: who is a unit's chief, and who its head of legal."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.admin_archive import open_for_command, report
from api.cli.options import Json, UnitCode

posts = typer.Typer(help="职务：单位负责人、法制机构负责人 / posts: who approves retrieval", no_args_is_help=True)
SignIn = Annotated[str, typer.Argument(help="用户名 / the name to sign in with")]
Post = Annotated[str, typer.Argument(help="chief（单位负责人）或 head_of_legal（法制机构负责人） / which post")]


@posts.command("name")
def name_post(sign_in_name: SignIn, post: Post, as_json: Json = False) -> None:
    """任命职务 / Name somebody to a post of his unit."""
    from api.cli.admin_people import spaced_line
    from api.cli.admin_posts import name_person

    with open_for_command("admin") as opened, opened.archive.database.transaction() as session:
        facts = name_person(session, sign_in_name, post)
    report(as_json, facts, (spaced_line(facts),))


@posts.command("end")
def end(
    sign_in_name: SignIn,
    post: Post,
    reason: Annotated[str, typer.Option(help="理由 / why")],
    as_json: Json = False,
) -> None:
    """免去职务 / End somebody's holding a post."""
    from api.cli.admin_people import spaced_line
    from api.cli.admin_posts import end_of_person

    with open_for_command("admin") as opened, opened.archive.database.transaction() as session:
        facts = end_of_person(session, sign_in_name, post, reason)
    report(as_json, facts, (spaced_line(facts),))


@posts.command("list")
def list_all(unit: UnitCode = None, as_json: Json = False) -> None:
    """列出现任职务 / List who holds which post now."""
    from api.cli.admin_people import spaced_line
    from api.cli.admin_posts import list_held

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = list_held(session, unit)
    report(as_json, {"items": items}, map(spaced_line, items))
