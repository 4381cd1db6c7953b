"""Carrying an order out: progress where a person or a program reads it, and an orderly end on a signal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from threading import Event

    from api.cli.dock_order import Order
    from ingest.dock.agent import DockResult


@contextmanager
def refusals_told() -> Iterator[None]:
    """A refusal ends the command in both languages: with exit code 2 where what was asked for cannot be done at all."""
    from api.cli.dock_credential import is_usage
    from api.cli.dock_report import describe_error
    from ingest.dock.errors import DockError

    try:
        yield
    except DockError as error:
        typer.echo(describe_error(error), err=True)
        raise typer.Exit(2 if is_usage(error) else 1) from error


def run_order(order: Order, as_json: bool) -> int:
    """Run the agent under a listener that fits stdout; the closing report goes the same way. The exit code."""
    stop = _stop_on_signal()
    result = _run_for_program(order, stop) if as_json else _run_for_person(order, stop)
    return 0 if result.complete or (order.folder is None and result.ended_on_request) else 1


def _run_for_program(order: Order, stop: Event) -> DockResult:
    from api.cli.dock_report import NOTHING_THERE, describe_error, summarise
    from ingest.dock.errors import DockError
    from ingest.dock.progress import JsonLines

    lines = JsonLines(sys.stdout)
    try:
        result = order.carry_out(lines, stop)
        lines.write("summary", summarise(result))
        if result.stopped is not None:
            typer.echo(describe_error(result.stopped), err=True)
        elif not result.outcomes and order.folder is not None:
            typer.echo(NOTHING_THERE, err=True)
    except DockError as error:
        lines.write("stopped", {"kind": type(error).__name__, "reason": asdict(error.words)})
        raise
    finally:
        if lines.closed:
            _detach_stdout()
    return result


def _run_for_person(order: Order, stop: Event) -> DockResult:
    from rich.console import Console

    from api.cli.dock_report import print_table
    from ingest.dock.bars import Bars

    console = Console()
    watching = order.folder is None
    with Bars(console, each_file=watching, wiping=order.config.wipe) as bars:
        result = order.carry_out(bars, stop)
    if bars.closed:
        _detach_stdout()
    else:
        print_table(console, result, watched=watching)
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
