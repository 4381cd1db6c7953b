"""`liuhen keys`: who holds the root key, and how another takes its place. docs/keys.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Json

app = typer.Typer(
    help="密钥：根密钥的保管、更换与恢复 / keys: how the root key is held and changed", no_args_is_help=True
)
rotate = typer.Typer(help="更换密钥，不改写录像 / Change keys; no footage is rewritten", no_args_is_help=True)
app.add_typer(rotate, name="rotate")

To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="HOLDER",
        help="保管方式：file、passphrase、environment；缺省不变 / who is to hold it; as before",
    ),
]


@app.command("status")
def show_status(as_json: Json = False) -> None:
    """根密钥由谁保管、何时更换、能否打开 / Who holds the root key, since when, and whether it opens; exit 1 if not."""
    from api.cli.admin_archive import report
    from api.cli.keys_status import read_status, status_lines

    facts = read_status()
    report(as_json, facts, status_lines(facts))
    raise typer.Exit(0 if facts["usable"] else 1)


@rotate.command("root")
def rotate_root(to: To = None, as_json: Json = False) -> None:
    """换用新的根密钥或保管方式；中断后再次执行即可 / A new root key, or another holder; again if broken off."""
    from api.cli.admin_archive import open_for_command, report
    from api.cli.keys_rotation import change_root, rotation_lines

    with open_for_command("keys") as opened:
        facts = change_root(opened, to)
    report(as_json, facts, rotation_lines(facts, running=opened.running))


@rotate.command("kek")
def rotate_kek(
    unit: Annotated[str, typer.Option("--unit", metavar="CODE", help="单位代码 / the unit's code")],
    month: Annotated[
        str, typer.Option("--month", metavar="MONTH", help="销毁月份，如 2027-05，或 permanent / its month of disposal")
    ],
    as_json: Json = False,
) -> None:
    """更换一个单位一个月的密钥，旧的随即销毁 / A fresh key for a unit and month; the former one is destroyed."""
    from api.cli.admin_archive import open_for_command, report
    from api.cli.keys_renewal import renew, renewal_lines

    with open_for_command("keys") as opened:
        facts = renew(opened.archive, unit, month)
    report(as_json, facts, renewal_lines(facts))


@rotate.command("signing")
def rotate_signing(
    purpose: Annotated[
        str,
        typer.Argument(
            metavar="PURPOSE", help="manifest、receipt、package 或 review / which: what the key signs; docs/keys.md"
        ),
    ],
    as_json: Json = False,
) -> None:
    """更换一种签名密钥，已签名的一切依然有效 / A new key for one kind of signature; what is signed already holds."""
    from api.cli.admin_archive import open_for_command, report
    from api.cli.keys_signing import change_signing_key, signing_lines

    with open_for_command("keys") as opened:
        facts = change_signing_key(opened.archive, purpose)
    report(as_json, facts, signing_lines(facts, running=opened.running))


@app.command("strike")
def strike_epochs(
    purpose: Annotated[
        str,
        typer.Argument(
            metavar="PURPOSE", help="manifest、receipt、package、review 或 ledger / which: what the key signs"
        ),
    ],
    stolen: Annotated[
        bool,
        typer.Option(
            "--stolen",
            help="密钥目录确为最新、原私钥已外泄 / the key folder surely is the latest: somebody has the former key",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """作废他人伪造的密钥期次，恢复签名 / Strike out key epochs that somebody forged, so that signing goes on."""
    from api.cli.admin_archive import open_for_looking, report
    from api.cli.keys_striking import strike, struck_lines

    with open_for_looking("keys") as archive:
        facts = strike(archive, purpose, stolen=stolen)
    report(as_json, facts, struck_lines(facts))


@app.command("split")
def split_recovery(
    shares: Annotated[int, typer.Option("--shares", metavar="N", help="共几份 / how many shares")] = 5,
    threshold: Annotated[int, typer.Option("--threshold", metavar="K", help="几份可恢复 / how many it takes")] = 3,
    as_json: Json = False,
) -> None:
    """打印恢复份额，原有份额自此作废；每份一页，交不同的人 / Print shares, one a page; former ones end with that."""
    from api.cli.admin_archive import open_for_command, remark
    from api.cli.keys_shares import split

    with open_for_command("keys") as opened:
        facts = split(opened, shares, threshold, as_json=as_json)
    if as_json:
        print(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        remark("份额已全部打印，系统中不留副本 / all shares are printed; no copy of them is kept")


@app.command("recover")
def recover_by_shares(
    file: Annotated[
        Path | None,
        typer.Argument(help="份额文件；缺省从标准输入读取 / a file with shares; else they are read from stdin"),
    ] = None,
    to: To = None,
    as_json: Json = False,
) -> None:
    """以恢复份额换用新的根密钥（缺省以口令保管） / With printed shares, put a new root key in a lost one's place."""
    from api.cli.admin_archive import open_for_command, report
    from api.cli.keys_rotation import rotation_lines
    from api.cli.keys_shares import recover

    with open_for_command("keys") as opened:
        facts = recover(opened, file, to)
    report(as_json, facts, rotation_lines(facts, running=opened.running))
    raise typer.Exit(1 if facts["left"] else 0)
