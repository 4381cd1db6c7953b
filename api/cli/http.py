"""`liuhen http`: one HTTP process. `liuhen up` starts several on one socket."""

from __future__ import annotations

from typing import Annotated

import typer

APPLICATION = "api.http.app:create_app"


def http(
    descriptor: Annotated[
        int | None,
        typer.Option("--fd", min=3, help="已打开的监听套接字 / an open listening socket, instead of LIUHEN_BIND"),
    ] = None,
    table: Annotated[
        int | None,
        typer.Option(
            "--twins", min=3, help="同一套接字各进程的连接数 / memory where processes at one socket tell their load"
        ),
    ] = None,
) -> None:
    """运行一个 HTTP 进程。 / Serve HTTP until TERM."""
    import socket

    from api.engines.even_share import ConnectionTable
    from api.engines.http_server import serve_http
    from api.engines.listener import take_address
    from api.engines.priority import HTTP_NICENESS, give_way
    from api.engines.readiness import announce_ready
    from api.settings import load_settings
    from api.tracing.opening import require_spans

    settings = load_settings()
    require_spans(settings)
    give_way(HTTP_NICENESS)
    listener = take_address(settings.bind) if descriptor is None else socket.socket(fileno=descriptor)
    twins = None if table is None else ConnectionTable(table)
    serve_http(APPLICATION, listener, lambda: announce_ready(settings), twins=twins)
