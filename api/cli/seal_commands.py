"""`liuhen admin seal`: in whose name a unit writes, and the seals of units. Keys go into the key folder alone."""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from api.cli.admin_archive import open_for_command, report
from api.cli.options import Json

seals = typer.Typer(help="制发机关与电子印章 / issuers of documents, and seals", no_args_is_help=True)

OfUnit = Annotated[str, typer.Option("--unit", metavar="CODE", help="单位代码 / the unit's code")]


@seals.command("issuer")
def name_issuer(
    unit: OfUnit,
    name: Annotated[str, typer.Option(help="机关全称，印在文书上 / its full name, as documents bear it")],
    word: Annotated[str, typer.Option(help="机关代字，如 江综执 / the word its numbers begin with")],
    as_json: Json = False,
) -> None:
    """设定单位（及其下级）制发文书所用的机关名称和代字 / Say in whose name a unit and those below it write."""
    from api.cli.admin_seals import issuer_line, set_issuer

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = set_issuer(session, unit, name, word)
    report(as_json, facts, (issuer_line(facts),))


@seals.command("make")
def make_seal(
    unit: OfUnit,
    name: Annotated[str, typer.Option(help="印章上的名称 / the name on the seal")],
    as_json: Json = False,
) -> None:
    """由本档案自行签发印章（非第三方认证） / Make a seal of the archive's own, vouched for by nobody else."""
    from api.cli.admin_seals import make, seal_lines

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = make(session, opened.archive.seal_keys, unit, name)
    report(as_json, facts, seal_lines(facts))


@seals.command("load")
def load_seal(
    file: Annotated[Path, typer.Argument(help="电子认证机构发给的 PKCS #12 文件 / the file from a licensed authority")],
    unit: OfUnit,
    as_json: Json = False,
) -> None:
    """登记电子认证机构签发的印章；密码从标准输入读取 / Load a licensed seal; its password is read from stdin."""
    from api.cli.admin_seals import load, seal_lines

    password = sys.stdin.readline().rstrip("\r\n")
    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = load(session, opened.archive.seal_keys, unit, file, password)
    report(as_json, facts, seal_lines(facts))


@seals.command("end")
def end_seal(
    seal_id: Annotated[str, typer.Argument(help="印章编号，见 list / its id, as list says it")],
    reason: Annotated[str, typer.Option(help="理由 / why")],
    as_json: Json = False,
) -> None:
    """停用印章；已盖的仍然有效 / End a seal; what it sealed stays valid."""
    from api.cli.admin_seals import end, seal_lines

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = end(session, seal_id, reason)
    report(as_json, facts, seal_lines(facts))


@seals.command("list")
def list_seals(as_json: Json = False) -> None:
    """列出制发机关和印章 / List issuers and seals."""
    from api.cli.admin_seals import issuer_line, list_all, seal_lines

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        facts = list_all(session)
    lines = (*map(issuer_line, facts["issuers"]), *chain.from_iterable(map(seal_lines, facts["seals"])))
    report(as_json, facts, lines)
