"""Options that several commands share, said in one way."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="只输出 JSON / print JSON only")]
UnitCode = Annotated[
    str | None, typer.Option("--unit", metavar="CODE", help="单位代码，唯一时可省 / unit code; needless if only one")
]
