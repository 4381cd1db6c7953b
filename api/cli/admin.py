"""`liuhen admin`: what the operator at the machine does, without signing in. Each deed is an entry of the ledger."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.admin_archive import open_for_command, remark, report, require_archive
from api.cli.assignment_commands import assignments
from api.cli.calendar_commands import calendars
from api.cli.copy_commands import copies
from api.cli.device_commands import devices, officers
from api.cli.element_commands import elements
from api.cli.options import Json, UnitCode
from api.cli.post_commands import posts
from api.cli.reviewer_commands import reviewers
from api.cli.rule_commands import rule_group
from api.cli.seal_commands import seals
from api.cli.station_commands import stations
from api.cli.upload_commands import uploads

_A_CENTURY_HOURS = 876_000

app = typer.Typer(help="本机管理 / administration at the machine", no_args_is_help=True)
units = typer.Typer(help="单位 / units", no_args_is_help=True)
persons = typer.Typer(help="人员 / people", no_args_is_help=True)
tokens = typer.Typer(help="程序令牌 / bearer tokens for programs", no_args_is_help=True)
recordings = typer.Typer(help="原始记录 / recordings", no_args_is_help=True)
ledgers = typer.Typer(help="账本 / the ledger", no_args_is_help=True)
for name, group in {
    "unit": units,
    "person": persons,
    "station": stations,
    "device": devices,
    "officer": officers,
    "assignment": assignments,
    "element": elements,
    "policy": rule_group("音像记录必备要素的规则 / which elements a recording must have", "api.cli.admin_policies"),
    "checklist": rule_group("音像记录事项清单 / which acts need which recordings", "api.cli.admin_checklists"),
    "retention": rule_group("保管期限规则 / how long cases are kept at least", "api.cli.admin_retention"),
    "terms": rule_group("期限规则 / until when something has to be done", "api.cli.admin_terms"),
    "notice-rule": rule_group("告知规则 / what a party is told before a penalty", "api.cli.admin_notices"),
    "review-scope": rule_group("法制审核目录清单 / which decisions need a legal review", "api.cli.admin_scopes"),
    "reviewer": reviewers,
    "publicity": rule_group("公示规则 / what is published, on which channels, masked how", "api.cli.admin_publicity"),
    "retrieval": rule_group("调阅规则 / who may see and copy footage, with whose approval", "api.cli.admin_retrieval"),
    "post": posts,
    "disclosure": rule_group("事前公开目录 / what is public before anything happens", "api.cli.admin_disclosures"),
    "score-sheet": rule_group("案卷评查标准 / what case files are scored by", "api.cli.admin_score_sheets"),
    "returns": rule_group("定期报送制度 / which returns are owed, to whom and by when", "api.cli.admin_returns"),
    "calendar": calendars,
    "template": rule_group("文书式样 / templates of documents", "api.cli.admin_templates"),
    "seal": seals,
    "token": tokens,
    "upload": uploads,
    "copies": copies,
    "recording": recordings,
    "ledger": ledgers,
}.items():
    app.add_typer(group, name=name)


PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="从标准输入读取密码 / read the password from stdin")
]


@app.command()
def database(
    as_json: Json = False,
    start: Annotated[
        bool,
        typer.Option("--start", help="无运行中的系统时启动数据库，直至 Ctrl-C / start it if none runs, until Ctrl-C"),
    ] = False,
) -> None:
    """打印数据库地址（psql 可用） / Print the database's addresses, as psql takes them."""
    from api.cli.admin_lookup import address_facts, running_addresses
    from api.engines.running import running_database
    from api.errors import ApiError
    from api.settings import load_settings

    settings = load_settings()
    require_archive(settings)
    try:
        facts = address_facts(running_addresses(settings))
    except ApiError:
        if not start:
            raise
        with running_database(settings) as addresses:
            facts = address_facts(addresses)
            report(as_json, facts, (f"{role}: {url}" for role, url in facts.items()))
            sys.stdout.flush()
            remark("数据库运行中，按 Ctrl-C 结束 / the database runs until Ctrl-C or TERM")
            _wait_for_signal()
        return
    report(as_json, facts, (f"{role}: {url}" for role, url in facts.items()))


@app.command()
def trust(
    folder: Annotated[Path, typer.Argument(help="新建的目录 / the folder to make")], as_json: Json = False
) -> None:
    """写出信任材料，事先交给核验者 / Write the trust folder, to be handed to verifiers beforehand."""
    from api.trust_folder import build_trust
    from integrity.trust import fingerprints, write_trust

    with open_for_command("admin", make=True) as opened:
        pinned = build_trust(opened.archive)
        write_trust(folder, pinned)
    prints = fingerprints(pinned)
    listed = [{"kind": each.kind, "label": each.label, "sha256": each.sha256} for each in prints]
    lines = (f"{each.title}: {each.sha256}" for each in prints)
    report(as_json, {"folder": str(folder.resolve()), "fingerprints": listed}, lines)


@app.command("first-admin-code")
def first_admin_code(as_json: Json = False) -> None:
    """生成首位管理员的一次性登录码 / Make the code that lets the first administrator in, once."""
    from api.cli.admin_people import issue_first_code
    from integrity.local_time import show_written

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = issue_first_code(session)
    report(as_json, facts, (f"{facts['code']}", f"有效期至 / valid until {show_written(facts['expires_at'])}"))


@units.command("create")
def create_unit(
    name: Annotated[str, typer.Argument(help="名称 / its name")],
    code: Annotated[str, typer.Option(help="唯一代码 / a code of its own")],
    parent: Annotated[str | None, typer.Option(help="上级单位代码 / code of the unit above it")] = None,
    as_json: Json = False,
) -> None:
    """新建单位 / Make a unit."""
    from api.cli.admin_people import add_unit

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = add_unit(session, name, code, parent)
    report(as_json, facts, (f"已新建单位 / unit made: {facts['code']} {facts['name']} {facts['unit_id']}",))


@units.command("list")
def list_units(as_json: Json = False) -> None:
    """列出单位 / List the units."""
    from api.cli.admin_people import list_units

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = list_units(session)
    report(as_json, {"items": items}, map(_unit_line, items))


@units.command("merge")
def merge_unit(
    code: Annotated[str, typer.Argument(help="被撤并单位的代码 / code of the unit that ends")],
    into: Annotated[str, typer.Option(help="承接单位的代码 / code of its successor")],
    on: Annotated[str, typer.Option(metavar="DAY", help="撤并之日，如 2026-11-30 / the day it ended")],
    ground: Annotated[str, typer.Option(help="依据，如批复文号 / by what, such as the order's number")],
    as_json: Json = False,
) -> None:
    """把一个单位并入另一个：人员、工作站、设备转入，案件由承接单位续办 / Merge a unit into another."""
    from api.cli.admin_merging import merge

    with open_for_command("admin") as opened, opened.archive.database.transaction() as session:
        facts = merge(session, code, into, on, ground)
    report(as_json, facts, _merge_lines(facts))


def _merge_lines(facts: Any) -> Iterator[str]:
    yield f"{facts['unit']} 已于 {facts['ended_on']} 并入 {facts['into']} / merged into {facts['into']}"
    counted = {
        "人员 people": len(facts["people"]),
        "工作站 stations": len(facts["stations"]),
        "设备 devices": len(facts["devices"]),
        "免去职务 posts ended": facts["posts_ended"],
        "解除公示职责 duties ended": facts["duties_ended"],
        "待续办案件 open cases": facts["open_cases"],
    }
    yield "；".join(f"{name} {count}" for name, count in counted.items())
    yield "转入人员须重新登录，职务和公示职责须重新指定 / they sign in again; name them to posts and duties anew"
    for token in facts["tokens_revoked"]:
        yield f"令牌已吊销，须重新生成 / token revoked, make a new one: {token['token_id']} {token['label']}"


def _unit_line(unit: Any) -> str:
    ended = f"  {unit['ended_on']} 已并入 / merged into {unit['ended_into']}" if unit["ended_on"] else ""
    return f"{unit['code']}  {unit['name']}  {unit['unit_id']}{ended}"


@persons.command("create")
def create_person(
    role: Annotated[str, typer.Option(help="角色，如 supervisor / the role")],
    name: Annotated[str, typer.Option(help="姓名 / the name")],
    sign_in_name: Annotated[str, typer.Option(help="用户名 / the name to sign in with")],
    unit: UnitCode = None,
    badge: Annotated[str | None, typer.Option(help="编号 / badge number")] = None,
    password_stdin: PasswordStdin = False,
    as_json: Json = False,
) -> None:
    """新建可登录的人员；未给密码则随机生成并只显示一次 / Add somebody who can sign in."""
    from api.cli.admin_people import add_person, unit_or_only

    password = _password_from_stdin() if password_stdin else None
    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = add_person(
            session,
            unit=unit_or_only(session, unit),
            role=role,
            name=name,
            sign_in_name=sign_in_name,
            badge=badge,
            password=password,
        )
    report(as_json, facts, (f"已新建 / made: {sign_in_name} ({role}) {facts['person_id']}", *_password_shown(facts)))


@persons.command("password")
def reset_password(
    sign_in_name: Annotated[str, typer.Argument(help="用户名 / the name to sign in with")],
    password_stdin: PasswordStdin = False,
    as_json: Json = False,
) -> None:
    """重设密码并结束其登录；未给密码则随机生成并只显示一次 / Set somebody's password anew; their sessions end."""
    from api.cli.admin_people import reset_password

    password = _password_from_stdin() if password_stdin else None
    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = reset_password(session, sign_in_name, password)
    report(
        as_json, facts, (f"已重设 / set anew: {facts['sign_in_name']} {facts['person_id']}", *_password_shown(facts))
    )


@persons.command("list")
def list_persons(unit: UnitCode = None, as_json: Json = False) -> None:
    """列出人员 / List the people."""
    from api.cli.admin_people import list_persons, spaced_line

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = list_persons(session, unit)
    report(as_json, {"items": items}, map(spaced_line, items))


@tokens.command("create")
def create_token(
    role: Annotated[str | None, typer.Option(help="角色，如 auditor / the role")] = None,
    name: Annotated[str | None, typer.Option(help="显示的名称 / the name it goes by")] = None,
    unit: UnitCode = None,
    person: Annotated[
        str | None, typer.Option(metavar="SIGN_IN_NAME", help="代表已有人员 / act as somebody who is there")
    ] = None,
    expires_hours: Annotated[
        float | None, typer.Option(min=0.001, max=_A_CENTURY_HOURS, help="有效小时 / hours it lasts")
    ] = None,
    as_json: Json = False,
) -> None:
    """生成令牌；除非用 --person，每个令牌各是一个人员 / Make a token: each a person of its own, but for --person."""
    from api.cli.admin_people import add_token, token_holder
    from integrity.local_time import show_written

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        holder = token_holder(session, role, name, unit, person)
        facts = add_token(session, holder, name or holder.name, expires_hours)
    report(as_json, facts, (str(facts["token"]),))
    if not as_json:
        until = "不限期" if facts["expires_at"] is None else f"有效期至 {show_written(facts['expires_at'])}"
        remark(f"↑ 令牌，代表 {facts['name']}（{facts['role']}），只显示这一次；{until} / the token, shown this once")


@tokens.command("list")
def list_tokens(as_json: Json = False) -> None:
    """列出令牌（不含令牌本身） / List the tokens, without the secrets."""
    from api.cli.admin_people import list_tokens, spaced_line

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = list_tokens(session)
    report(as_json, {"items": items}, map(spaced_line, items))


@tokens.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(help="token_id，或令牌本身 / its id, or the token itself")],
    as_json: Json = False,
) -> None:
    """吊销令牌 / Revoke a token."""
    from api.cli.admin_people import revoke_token

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = revoke_token(session, token)
    report(as_json, facts, (f"已吊销 / revoked: {facts['token_id']}",))


@recordings.command("find")
def find_recording(
    sha256: Annotated[str, typer.Option(help="原始文件的 SHA-256 / of the original")],
    wait: Annotated[float, typer.Option(min=0, help="最多等待的秒数 / seconds to wait for it at most")] = 0,
    as_json: Json = False,
) -> None:
    """按摘要查找已封存的记录，未封存则退出码 1 / Find a sealed recording by its digest; exit 1 while it is not."""
    from api.cli.admin_lookup import NotSealed, fact_lines, find_recording

    with open_for_command("admin") as opened:
        try:
            facts = find_recording(opened, sha256, wait)
        except NotSealed as error:
            if as_json:
                report(as_json, {"recording_id": None, "state": error.state, "sha256": error.sha256}, ())
            raise
    report(as_json, facts, fact_lines(facts))


@ledgers.command("status")
def show_ledger(as_json: Json = False) -> None:
    """账本的最新检查点 / The ledger's signed head."""
    from api.cli.admin_lookup import fact_lines, ledger_status

    with open_for_command("admin") as opened:
        facts = ledger_status(opened.archive)
    report(as_json, facts, fact_lines(facts))


@app.command()
def capacity(
    room: Annotated[
        str | None,
        typer.Option(
            "--room", help="存储的总容量，如 10TiB；对象在 S3 时须给出 / size of the whole store, for one in S3"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """各保管期限占用的空间，以及何时用尽 / The room each retention class takes, and when there is none left."""
    from api.cli.admin_archive import open_for_looking
    from api.cli.admin_capacity import capacity_facts, capacity_lines

    with open_for_looking("admin") as archive, archive.database.reading() as session:
        facts = capacity_facts(archive, session, room)
    report(as_json, facts, capacity_lines(facts))


def _wait_for_signal() -> None:
    import signal
    import threading

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()


def _password_from_stdin() -> str:
    from api.errors import UsageRefused

    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise UsageRefused("标准输入中没有密码", "there is no password on stdin")
    return password


def _password_shown(facts: dict[str, object]) -> tuple[str, ...]:
    """The line that shows a password which the command chose itself; none when it was given."""
    return (f"密码（只显示这一次） / password, shown this once: {facts['password']}",) if "password" in facts else ()
