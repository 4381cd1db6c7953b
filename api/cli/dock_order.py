"""What `liuhen dock` was asked for: the options of the command line or a configuration file, made into a plan."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.dock_credential import LOCAL, choose_credential
from api.logs import write_warnings
from api.setting_values import check_otel_url
from api.tracing.opening import open_station_spans
from ingest.dock.agent import DockPlan, DockResult, dock_continuously, dock_folder
from ingest.dock.config import DockConfig, read_config
from ingest.dock.connection import trusting
from ingest.dock.errors import ConfigUnusable
from ingest.dock.events import Listener
from ingest.dock.pacing import RateSchedule, parse_window
from ingest.dock.receipts import load_ledger_vkey, load_pinned_key
from ingest.dock.sources import Places
from ingest.dock.unit import warn_of_homes, write_unit
from ingest.dock.words import Words

if TYPE_CHECKING:
    from api.tracing.spans import Spans
    from ingest.dock.credential import StationCredential

_MEBIBYTE = 1 << 20
_NO_COLLECTOR = Words(
    "otel_url: is http(s)://host:port, with a path or none, without user or query",
    "otel_url：须为 http(s)://主机:端口，不带用户名和参数，可带路径",
)
_NO_ADDRESS_GIVEN = (
    f"未给出档案系统地址（--url），取默认的 {LOCAL} / no address of the archive was given (--url): {LOCAL} is taken"
)


@dataclass(frozen=True)
class Order:
    """`folder` is taken over once; without one, the places of `config` are watched. `asked_in` is the folder or the
    file that was named: the notes are kept by it, unless `config` says where.
    """

    config: DockConfig
    asked_in: Path
    folder: Path | None = None
    give_up_seconds: float = 600.0

    def carry_out(self, tell: Listener, stop: threading.Event) -> DockResult:
        """Do it. Raises DockError when it cannot begin."""
        plan, spans = self._plan(), self._open_spans()
        if spans is None:
            return self._dock(plan, tell, stop)
        from api.tracing.station import StationSpans

        told = StationSpans(spans, tell)
        try:
            return self._dock(replace(plan, traceparent_of=told.traceparent_of), told, stop)
        finally:
            told.close()

    def _dock(self, plan: DockPlan, tell: Listener, stop: threading.Event) -> DockResult:
        if self.folder is not None:
            return dock_folder(plan, self.folder, tell, stop)
        return dock_continuously(plan, self.config.places, self.config.timing, tell, stop)

    def _open_spans(self) -> Spans | None:
        """Raises UsageRefused where they are asked for and cannot be sent, ConfigUnusable where to is no address."""
        url = self.config.otel_url
        if not url:
            return None
        try:
            check_otel_url(url)
        except ValueError as error:
            raise ConfigUnusable(self.asked_in, _NO_COLLECTOR) from error
        write_warnings()
        return open_station_spans(url, self.config.ca_file)

    def print_unit(self) -> int:
        """A systemd unit that does what the file says, and on stderr what would keep it from starting; exit code 0."""
        print(write_unit(self.config, self.asked_in, Path(sys.argv[0])), end="")
        for words in warn_of_homes(self.config, self.asked_in, Path(sys.argv[0])):
            print(f"警告：{words.zh}\nWARNING: {words.en}", file=sys.stderr)
        return 0

    def _plan(self) -> DockPlan:
        config = self.config
        tls = trusting(config.ca_file) if config.ca_file else None

        def choose() -> tuple[StationCredential, str]:
            return choose_credential(config.station_token_file, config.station_key_file, config.url, tls)

        credential, url = choose()
        if not config.url and config.station_token_file is not None:
            print(_NO_ADDRESS_GIVEN, file=sys.stderr)
        return DockPlan(
            url=url,
            credential=credential,
            state_folder=config.state or _usual_state(self.asked_in),
            wipe=config.wipe,
            parallel=config.parallel,
            give_up_seconds=self.give_up_seconds,
            rates=config.rates,
            marks=config.marks,
            archive_key=load_pinned_key(config.archive_key) if config.archive_key else None,
            ledger_vkey=load_ledger_vkey(config.ledger_key) if config.ledger_key else None,
            tls=tls,
            report_seconds=config.report_seconds,
            # A token that is another is not known for the same station's: reading it again would help nobody.
            read_credential_again=None if config.station_key_file is None else lambda: choose()[0],
        )


def order_from_file(path: Path) -> Order:
    """Raises ConfigUnusable."""
    return Order(read_config(path), path)


def order_for_folder(config: DockConfig, folder: Path, watch: bool, give_up_seconds: float) -> Order:
    """Take over `folder` once, or keep watching it."""
    if watch:
        return Order(replace(config, places=Places((folder.resolve(),))), folder)
    return Order(config, folder, folder, give_up_seconds)


def rates_of(windows: list[str], mebibytes_per_second: float) -> RateSchedule:
    """By hour of day as `windows` say, else the one rate; 0 is no limit. Raises RateUnreadable."""
    return RateSchedule(tuple(map(parse_window, windows)), int(mebibytes_per_second * _MEBIBYTE) or None)


def _usual_state(of: Path) -> Path:
    """Not in the footage folder: it may be read only, and its next card is another one."""
    name = hashlib.sha256(os.fsencode(of.resolve())).hexdigest()[:32]
    return Path.home() / ".local" / "state" / "liuhen" / "dock" / name
