"""What `liuhen dock` can be told on its command line: each option's type, and what it says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.dock_credential import LOCAL
from ingest.dock.pacing import MOST_PARALLEL

Folder = Annotated[
    Path | None, typer.Argument(help="存放录像的文件夹；用 --config 时不填 / the folder; none with --config")
]
Config = Annotated[
    Path | None, typer.Option(help="配置文件（TOML），持续监视 / watch what this TOML file says, until TERM")
]
Watch = Annotated[
    bool, typer.Option("--watch", help="持续监视该文件夹，直至 TERM / keep watching the folder until TERM")
]
PrintUnit = Annotated[
    bool, typer.Option("--print-unit", help="打印 systemd 服务单元 / print a systemd unit for --config")
]
StationTokenFile = Annotated[
    Path | None,
    typer.Option(help="采集工作站凭证文件（enrol 打印的 JSON 亦可） / the station's token, bare or as enrol prints it"),
]
StationKeyFile = Annotated[
    Path | None, typer.Option(help="工作站密钥文件，由 dock enrol 生成 / the station's key, made by dock enrol")
]
Url = Annotated[
    str,
    typer.Option(
        help=f"档案系统地址；不填时取自密钥文件，用凭证文件时为 {LOCAL} / "
        f"the archive's address; if not given the key file's, with a token {LOCAL}"
    ),
]
Wipe = Annotated[
    bool, typer.Option("--wipe", help="验证回执后删除原文件 / remove each file once its receipt was checked")
]
AsJson = Annotated[bool, typer.Option("--json", help="逐行输出 JSON / JSON lines, as when stdout is no terminal")]
Parallel = Annotated[int, typer.Option(min=1, max=MOST_PARALLEL, help="同时上传的文件数 / files sent at once")]
LimitRate = Annotated[
    float,
    typer.Option(
        min=0, max=1_000_000, help="总速率上限，MiB/s，0 为不限 / most MiB/s of all files together, 0: no limit"
    ),
]
Limit = Annotated[
    list[str] | None,
    typer.Option(
        help="分时段限速，可多次给出，如 “08:00-18:00 2 MiB/s” / a limit by hour of day; may be given several times"
    ),
]
GiveUpAfter = Annotated[
    float, typer.Option(min=1, help="无进展多少秒后放弃 / give up after so many seconds without progress")
]
State = Annotated[Path | None, typer.Option(help="续传记录与回执的位置 / where notes and receipts are kept")]
ArchiveKey = Annotated[
    Path | None,
    typer.Option(help="以此公钥验证回执，代替凭证中的指纹 / check receipts with this key instead of the pin"),
]
LedgerKey = Annotated[
    Path | None, typer.Option(help="账本公钥（vkey），同时验证检查点 / the ledger's vkey, to check checkpoints too")
]
CaFile = Annotated[Path | None, typer.Option(help="https 所信任的根证书 / root certificates to trust for https")]
