"""`liuhen tsa`: our own time stamp authority as a process. It is not independent, and says so."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.errors import UsageRefused


def tsa(
    address: Annotated[
        str, typer.Option(help="套接字路径，或本机 主机:端口 / the path of a socket, or a loopback host:port")
    ] = "127.0.0.1:0",
    folder: Annotated[
        Path | None,
        typer.Option(help="密钥与证书目录，缺则新建 / folder of its key and certificates, made when missing"),
    ] = None,
    pins: Annotated[
        Path | None,
        typer.Option(help="把证书和策略号写入此目录，如 trust-tsa / a folder for its certificates and its policy"),
    ] = None,
) -> None:
    """运行自建时间戳服务（RFC 3161，非独立）。 / Run our own RFC 3161 authority, which is not independent."""
    from api.engines.readiness import announce_ready
    from api.settings import load_settings
    from integrity.authority import create_authority
    from integrity.authority_server import serve_authority

    settings = load_settings()
    keys = folder or settings.authority_folder
    if not keys.exists():
        keys.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        create_authority(keys)
    if pins is not None:
        write_pins(keys, pins)

    def on_ready(url: str) -> None:
        print(url, flush=True)
        announce_ready(settings)

    try:
        serve_authority(keys, address, on_ready)
    except ValueError as error:
        raise UsageRefused(f"--address 无效：{error}", f"--address is not usable: {error}") from error


def write_pins(authority: Path, pins: Path) -> None:
    """What those who check its tokens pin and may see, in the form of DATA/trust-tsa; no key of it."""
    from integrity.authority import Authority

    pins.mkdir(mode=0o755, parents=True, exist_ok=True)
    policy = f"{Authority.load(authority).policy}\n".encode("ascii")
    contents = {name: (authority / name).read_bytes() for name in ("root.pem", "tsa.pem")} | {"policy": policy}
    for name, content in contents.items():
        fresh = pins / f".{name}.new"
        fresh.write_bytes(content)
        fresh.replace(pins / name)
