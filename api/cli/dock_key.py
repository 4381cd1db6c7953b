"""`liuhen dock enrol` and `liuhen dock rotate-key`: the station's own key (docs/stations.md)."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.printed import print_json, print_line

if TYPE_CHECKING:
    from ingest.dock.key_file import StationKeyFile

_Json = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]
_RECEIPT_KEY_UNCHECKED = (
    "未给出 --receipt-key：回执密钥只凭该地址的应答而来。"
    "本站今后凭它签发的回执删除录像，请务必与管理员处核对上面的指纹。\n"
    "Without --receipt-key it is the word of whoever answered at this address. For receipts by that key the station "
    "will let go of footage: compare it with the administrator's before you wipe anything."
)
_CaFile = Annotated[Path | None, typer.Option(help="https 所信任的根证书 / root certificates to trust for https")]


def enrol(
    server: Annotated[str, typer.Option(help="档案系统地址 / the archive's address")],
    key_file: Annotated[Path, typer.Option(help="密钥文件，将新建 / the key file, to be made")],
    code: Annotated[
        str,
        typer.Option(
            help="管理员给出的一次性代码；- 从标准输入读取，不填则询问；写在命令行上，本机其他用户看得到 / "
            "the code that an administrator was shown; - reads it from stdin, without it you are asked; on the command "
            "line other users of this machine can see it"
        ),
    ] = "",
    receipt_key: Annotated[
        str,
        typer.Option(
            help="与代码一同给出的回执密钥指纹：本站只凭该密钥签发的回执删除录像 / "
            "the receipt key shown beside the code: for receipts by this key, and no other, the station lets go of "
            "footage"
        ),
    ] = "",
    ca_file: _CaFile = None,
    in_the_clear: Annotated[
        bool, typer.Option("--in-the-clear", help="允许经明文 http 登记 / plain http to another machine is meant so")
    ] = False,
    as_json: _Json = False,
) -> None:
    """在本机生成密钥并登记；私钥不离开本机 / Make a key here and enrol it; its secret stays on this machine."""
    from api.cli.dock_run import refusals_told
    from ingest.dock.connection import trusting
    from ingest.dock.enrolment import enrol_this_station

    said = _read_code(code)
    with refusals_told():
        tls = trusting(ca_file) if ca_file else None
        held = enrol_this_station(server, said, key_file, receipt_key, tls, in_the_clear=in_the_clear)
    _tell(as_json, held, key_file, "已登记 / enrolled")
    if not receipt_key:
        typer.echo(_RECEIPT_KEY_UNCHECKED, err=True)


def _read_code(code: str) -> str:
    """Said, read from stdin, or asked for, unseen on the screen and in the list of processes."""
    if not code and sys.stdin.isatty():
        code = getpass.getpass("一次性代码 / one-time code: ")
    elif code in ("", "-"):
        code = sys.stdin.readline()
    if not code.strip():
        raise typer.BadParameter("请给出一次性代码 / give the one-time code: --code -", param_hint="--code")
    return code.strip()


def rotate_key(
    station_key_file: Annotated[Path, typer.Option(help="工作站密钥文件 / the station's key file")],
    url: Annotated[str, typer.Option(help="档案系统地址，默认取自密钥文件 / the key file's, if not given")] = "",
    ca_file: _CaFile = None,
    as_json: _Json = False,
) -> None:
    """更换工作站密钥；中断后再次运行即可完成 / Replace the station's key; if it is cut off, run it again."""
    from api.cli.dock_run import refusals_told
    from ingest.dock.connection import trusting
    from ingest.dock.enrolment import rotate_key as rotate

    with refusals_told():
        held = rotate(station_key_file, url, trusting(ca_file) if ca_file else None)
    _tell(as_json, held, station_key_file, "已更换 / replaced")


def _tell(as_json: bool, held: StationKeyFile, path: Path, deed: str) -> None:
    facts = {
        "station_id": held.station_id,
        "name": held.name,
        "key_id": held.key.key_id,
        "receipt_key": held.receipt_key,
        "key_file": str(path),
    }
    if as_json:
        print_json(facts)
        return
    print_line(f"{deed}: {held.name}")
    typer.echo(f"密钥 / key id: {held.key.key_id}")
    typer.echo(f"回执密钥（请与管理员处核对） / receipt key, compare with the administrator's: {held.receipt_key}")
