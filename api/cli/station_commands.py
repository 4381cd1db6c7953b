"""`liuhen admin station`: docking stations are enrolled, watched, given other credentials, and revoked."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from api.cli.admin_archive import open_for_command, remark, report
from api.cli.options import Json, UnitCode

stations = typer.Typer(help="采集工作站 / docking stations", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="工作站名称 / the station's name")]


@stations.command("enrol")
def enrol_station(name: Name, unit: UnitCode = None, as_json: Json = False) -> None:
    """登记采集工作站并打印其凭证（只此一次） / Enrol a station and print its token, this once."""
    from api.cli.admin_stations import enrol, token_hint

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = enrol(opened.archive, session, name, unit)
    report(as_json, facts, (str(facts["token"]),))
    if not as_json:
        remark(*token_hint(facts))


@stations.command("code")
def make_code(name: Name, unit: UnitCode = None, as_json: Json = False) -> None:
    """打印一次性代码，供工作站用 liuhen dock enrol 登记密钥；无此工作站则新建 / Print a code to enrol a key with."""
    from api.cli.admin_stations import code_lines, issue_code

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = issue_code(opened.archive, session, name, unit)
    report(as_json, facts, code_lines(facts))


@stations.command("token")
def make_token(name: Name, as_json: Json = False) -> None:
    """更换工作站的令牌，原有凭证立即失效 / Another token; what the station had counts no more."""
    from api.cli.admin_stations import replace, token_hint

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = replace(opened.archive, session, name)
    report(as_json, facts, (str(facts["token"]),))
    if not as_json:
        remark(*token_hint(facts))


@stations.command("certificate")
def bind_certificate(
    name: Name,
    sha256: Annotated[str, typer.Argument(help="证书（DER）的 SHA-256，none 为解除 / of its DER; none ends it")],
    as_json: Json = False,
) -> None:
    """将工作站绑定到客户端证书 / Bind a station to a client certificate."""
    from api.cli.admin_stations import bind

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = bind(session, name, sha256)
    report(as_json, facts, (f"{facts['name']}: {facts['certificate_sha256'] or '—'}",))


@stations.command("limits")
def set_limits(
    name: Name,
    uploads: Annotated[
        str | None, typer.Option(help="同时未完成的上传数，或 default / open at once, or default")
    ] = None,
    waiting: Annotated[str | None, typer.Option(help="待封存字节数，如 64GiB，或 default / bytes waiting")] = None,
    as_json: Json = False,
) -> None:
    """设置工作站自己的上传限额；default 为恢复默认 / Limits of this station alone; default: the setting's."""
    from api.cli.admin_stations import change_limits, limits_line

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = change_limits(session, name, uploads, waiting)
    report(as_json, facts, (limits_line(facts),))


@stations.command("list")
def list_stations(as_json: Json = False) -> None:
    """列出采集工作站及其状态 / List the stations and how they are."""
    from api.cli.admin_stations import list_stations, station_line

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = list_stations(session, opened.archive.settings.station_clock_seconds)
    report(as_json, {"items": items}, (station_line(each) for each in items))


@stations.command("revoke")
def revoke_station(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="不询问 / ask nothing")] = False,
    as_json: Json = False,
) -> None:
    """吊销工作站的凭证，不可恢复；在终端上先询问 / Revoke a station for good; on a terminal you are asked."""
    from api.cli.admin_stations import revoke

    if sys.stdin.isatty() and not (yes or as_json):
        _confirm_revoking(name)
    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = revoke(session, name)
    report(as_json, facts, (f"已吊销 / revoked: {facts['name']}",))


def _confirm_revoking(name: str) -> None:
    """Raises typer.Abort."""
    remark(
        f"吊销后不可恢复，名称“{name}”也不能再用，正在上传的会中断",
        f"this is final: the name {name} stays taken, and what it is sending is cut off",
    )
    typer.confirm("吊销？ / revoke?", abort=True, err=True)
