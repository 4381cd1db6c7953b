"""Carrying an order out: progress where a person or a program reads it, and an orderly end on a signal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from threading import Event

    from api.cli.dock_order import Order
    from ingest.dock.agent import DockResult


def run_order(order: Order, as_json: bool) -> DockResult:
    """Run the agent under a listener that fits stdout; the closing report goes the same way."""
    from rich.console import Console

    from api.cli.dock_report import NOTHING_THERE, describe_error, print_table, summarise
    from ingest.dock.errors import DockError
    from ingest.dock.progress import Bars, JsonLines

    stop = _stop_on_signal()
    if as_json:
        lines = JsonLines(sys.stdout)
        try:
            result = order.carry_out(lines, stop)
            lines.write("summary", summarise(result))
            if result.stopped is not None:
                typer.echo(describe_error(result.stopped), err=True)
            elif not result.outcomes and order.folder is not None:
                typer.echo(NOTHING_THERE, err=True)
        except DockError as error:
            lines.write("stopped", {"kind": type(error).__name__, "reason": str(error)})
            raise
        finally:
            if lines.closed:
                _detach_stdout()
        return result
    console = Console()
    with Bars(console) as bars:
        result = order.carry_out(bars, stop)
    print_table(console, result, watched=order.folder is None)
    return result


def _detach_stdout() -> None:
    """Nobody reads any more; without this the interpreter would turn that into an exit code of its own."""
    import os

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _stop_on_signal() -> Event:
    """The first Ctrl-C or TERM lets the agent end in order, the second ends it at once: its notes survive both."""
    import os
    import signal
    import threading

    stop = threading.Event()

    def ask_to_stop(number: int, _: object) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    return stop
