"""`liuhen dock enrol` and `liuhen dock rotate-key`: the station's own key (docs/stations.md)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ingest.dock.key_file import StationKeyFile

_Json = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]
_CaFile = Annotated[Path | None, typer.Option(help="https 所信任的根证书 / root certificates to trust for https")]


def enrol(
    server: Annotated[str, typer.Option(help="档案系统地址 / the archive's address")],
    code: Annotated[str, typer.Option(help="管理员给出的一次性代码 / the code that an administrator was shown")],
    key_file: Annotated[Path, typer.Option(help="密钥文件，将新建 / the key file, to be made")],
    receipt_key: Annotated[
        str,
        typer.Option(help="与代码一同给出的回执密钥指纹 / the receipt key shown beside the code"),
    ] = "",
    ca_file: _CaFile = None,
    as_json: _Json = False,
) -> None:
    """在本机生成密钥并登记；私钥不离开本机 / Make a key here and enrol it; its secret stays on this machine."""
    from ingest.dock.connection import trusting
    from ingest.dock.enrolment import enrol_station

    held = _settled(
        lambda: enrol_station(server, code.strip(), key_file, receipt_key, trusting(ca_file) if ca_file else None)
    )
    _tell(as_json, held, key_file, "已登记 / enrolled")


def rotate_key(
    station_key_file: Annotated[Path, typer.Option(help="工作站密钥文件 / the station's key file")],
    url: Annotated[str, typer.Option(help="档案系统地址，默认取自密钥文件 / the key file's, if not given")] = "",
    ca_file: _CaFile = None,
    as_json: _Json = False,
) -> None:
    """更换工作站密钥；中断后再次运行即可完成 / Replace the station's key; if it is cut off, run it again."""
    from ingest.dock.connection import trusting
    from ingest.dock.enrolment import rotate_key as rotate

    held = _settled(lambda: rotate(station_key_file, url, trusting(ca_file) if ca_file else None))
    _tell(as_json, held, station_key_file, "已更换 / replaced")


def _settled(action: Callable[[], StationKeyFile]) -> StationKeyFile:
    from api.cli.dock_credential import is_usage
    from api.cli.dock_report import describe_error
    from ingest.dock.errors import DockError

    try:
        return action()
    except DockError as error:
        typer.echo(describe_error(error), err=True)
        raise typer.Exit(2 if is_usage(error) else 1) from error


def _tell(as_json: bool, held: StationKeyFile, path: Path, deed: str) -> None:
    facts = {
        "station_id": held.station_id,
        "name": held.name,
        "key_id": held.key.key_id,
        "receipt_key": held.receipt_key,
        "key_file": str(path),
    }
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    typer.echo(f"{deed}: {held.name}")
    typer.echo(f"密钥 / key id: {held.key.key_id}")
    typer.echo(f"回执密钥（请与管理员处核对） / receipt key, compare with the administrator's: {held.receipt_key}")
