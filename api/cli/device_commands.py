"""`liuhen admin device` and `liuhen admin officer`: recorders and who has them; certificates and how long they last."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from api.cli.admin_archive import open_for_command, report
from api.cli.options import Json, UnitCode

devices = typer.Typer(help="执法记录仪的登记、配发与交还 / recorders, and who has them", no_args_is_help=True)
officers = typer.Typer(help="执法证 / officers' certificates", no_args_is_help=True)

Code = Annotated[str, typer.Argument(help="设备编号，即文件名中的编号 / the code that it writes into file names")]
Officer = Annotated[
    str,
    typer.Argument(
        help="人员编号、用户名，或不重名的姓名 / badge number, sign-in name, or a name that one officer has"
    ),
]
At = Annotated[str | None, typer.Option(help="时间，默认现在；无时区按北京时间 / when, else now; Chinese time")]
Reason = Annotated[str, typer.Option(help="理由 / why")]
TableFile = Annotated[Path, typer.Argument(help="CSV 文件，UTF-8 或 GBK，首行为列名 / a CSV file; docs/devices.md")]
Trial = Annotated[bool, typer.Option("--dry-run", help="只试读，不更改 / only say what would become of it")]
Kind = Literal["devices", "issues", "certificates"]
Where = Annotated[
    Literal["out", "in", "retired"] | None, typer.Option(help="配发中、在库、已停用 / issued, in stock, out of use")
]


@devices.command("add")
def add_device(
    code: Code,
    unit: UnitCode = None,
    serial: Annotated[str | None, typer.Option(help="序列号 / the maker's number")] = None,
    model: Annotated[str | None, typer.Option(help="型号 / model")] = None,
    name: Annotated[str | None, typer.Option(help="名称 / what people call it")] = None,
    as_json: Json = False,
) -> None:
    """登记设备 / Add a device."""
    from api.cli.admin_devices import add, device_line

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = add(session, code, unit, {"serial": serial, "model": model, "name": name})
    report(as_json, facts, (device_line(facts),))


@devices.command("list")
def list_devices(
    find: Annotated[str, typer.Option(help="编号、序列号、型号或名称的一部分 / a part of a name")] = "",
    where: Where = None,
    as_json: Json = False,
) -> None:
    """列出设备及现在的持有人 / List the devices, and who has each of them now."""
    from api.cli.admin_devices import device_line, devices

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = devices(session, find, where)
    report(as_json, {"items": items}, map(device_line, items))


@devices.command("issue")
def issue_device(
    code: Code,
    officer: Officer,
    at: At = None,
    returned_at: Annotated[str | None, typer.Option(help="补录时：交还时间 / when it came back, if it did")] = None,
    unit: UnitCode = None,
    as_json: Json = False,
) -> None:
    """配发设备 / Issue a device to an officer."""
    from api.cli.admin_devices import issue, issue_line

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = issue(session, code, officer, unit, at, returned_at)
    report(as_json, facts, (issue_line(facts),))


@devices.command("return")
def return_device(code: Code, at: At = None, unit: UnitCode = None, as_json: Json = False) -> None:
    """交还设备 / Take a device back from whoever has it."""
    from api.cli.admin_devices import issue_line, take_back

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = take_back(session, code, unit, at)
    report(as_json, facts, (issue_line(facts),))


@devices.command("void")
def void_issue(
    issue: Annotated[str, typer.Argument(metavar="ISSUE_ID", help="配发登记的编号 / of the issue")],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """将录错的配发作废 / Void an issue that was entered by mistake."""
    from api.cli.admin_devices import issue_line, void

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = void(session, issue, reason)
    report(as_json, facts, (issue_line(facts),))


@devices.command("correct")
def correct_issue(
    issue: Annotated[str, typer.Argument(metavar="ISSUE_ID", help="配发登记的编号 / of the issue")],
    reason: Reason,
    officer: Annotated[str | None, typer.Option(help="应为何人，默认不变 / whose it was, else as before")] = None,
    at: Annotated[str | None, typer.Option(help="配发时间，默认不变 / when it was issued, else as before")] = None,
    returned_at: Annotated[
        str | None, typer.Option(help="交还时间，默认不变 / when it came back, else as before")
    ] = None,
    is_out: Annotated[bool, typer.Option("--not-returned", help="尚未交还 / it has not come back")] = False,
    as_json: Json = False,
) -> None:
    """更正录错的配发或交还，原登记保留并作废 / Say anew what an issue should have said; the old one is voided."""
    from api.cli.admin_devices import correct, issue_line

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = correct(session, issue, reason, officer=officer, at=at, returned_at=returned_at, is_out=is_out)
    report(as_json, facts, (issue_line(facts),))


@devices.command("retire")
def retire_device(code: Code, reason: Reason, unit: UnitCode = None, as_json: Json = False) -> None:
    """停用设备，不可恢复 / Take a device out of use, for good."""
    from api.cli.admin_devices import device_line, retire

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = retire(session, code, unit, reason)
    report(as_json, facts, (device_line(facts),))


@devices.command("history")
def device_history(code: Code, unit: UnitCode = None, as_json: Json = False) -> None:
    """设备的配发与交还 / Who had a device, and when."""
    from api.cli.admin_devices import history, issue_line

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = history(session, code, unit)
    report(as_json, {"items": items}, map(issue_line, items))


@devices.command("import")
def import_devices(
    file: TableFile,
    issues: Annotated[bool, typer.Option("--issues", help="表格为配发、交还 / rows are issues")] = False,
    trial: Trial = False,
    unit: UnitCode = None,
    as_json: Json = False,
) -> None:
    """从表格导入设备，或（--issues）配发与交还；有一行错误则全部不导入 / Take a table of devices, or of issues."""
    _take("issues" if issues else "devices", file, trial, unit, as_json)


@officers.command("import")
def import_certificates(file: TableFile, trial: Trial = False, as_json: Json = False) -> None:
    """从表格导入执法证；有一行错误则全部不导入 / Take a table of certificates: all of it, or nothing."""
    _take("certificates", file, trial, None, as_json)


def _take(kind: Kind, file: Path, trial: bool, unit: str | None, as_json: bool) -> None:
    from api.cli.admin_imports import ImportRefused, result_lines, take_file

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        result = take_file(session, kind, file, trial, unit)
    report(as_json, result.model_dump(mode="json"), result_lines(result, trial))
    if result.problems:
        raise ImportRefused(len(result.problems))


@officers.command("certify")
def add_certificate(
    officer: Officer,
    number: Annotated[str, typer.Argument(help="证号 / the certificate's number")],
    valid_from: Annotated[str, typer.Option("--from", metavar="DAY", help="有效期起 / first day, 2026-01-01")],
    last_day: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="有效期至（含当日） / last day, included")
    ] = None,
    as_json: Json = False,
) -> None:
    """登记执法证 / Add an officer's certificate."""
    from api.cli.admin_devices import certificate_line, certify

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = certify(opened.archive, session, officer, number, valid_from, last_day)
    report(as_json, facts, (certificate_line(facts),))


@officers.command("list")
def list_certificates(
    running_out: Annotated[
        bool, typer.Option("--running-out", help="仅需换证的人员 / only of people who need another")
    ] = False,
    as_json: Json = False,
) -> None:
    """列出执法证 / List the certificates."""
    from api.cli.admin_devices import certificate_line, certificates

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = certificates(opened.archive, session, running_out=running_out)
    report(as_json, {"items": items}, map(certificate_line, items))


@officers.command("void")
def void_certificate(
    certificate: Annotated[str, typer.Argument(metavar="CERTIFICATE_ID", help="执法证登记的编号 / its id")],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """将录错的执法证作废 / Void a certificate that was entered by mistake."""
    from api.cli.admin_devices import certificate_line, void_certified

    with open_for_command("admin", make=True) as opened, opened.archive.database.transaction() as session:
        facts = void_certified(opened.archive, session, certificate, reason)
    report(as_json, facts, (certificate_line(facts),))
