"""What `liuhen dock` was asked for: the options of the command line or a configuration file, made into a plan."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from api.cli.dock_credential import choose_credential
from ingest.dock.agent import DockPlan, DockResult, dock_continuously, dock_folder
from ingest.dock.config import DockConfig, read_config
from ingest.dock.connection import trusting
from ingest.dock.events import Listener
from ingest.dock.marks import MarkRules
from ingest.dock.pacing import RateSchedule, parse_window
from ingest.dock.receipts import load_ledger_vkey, load_pinned_key
from ingest.dock.unit import write_unit
from ingest.dock.watching import Places, WatchTiming

_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Order:
    """`folder` is taken over once; without one, the places of `config` are watched. `state` is where the notes are."""

    config: DockConfig
    folder: Path | None
    state: Path
    give_up_seconds: float = 600.0

    @classmethod
    def of_folder(
        cls,
        folder: Path,
        *,
        watch: bool,
        station_token_file: Path | None,
        station_key_file: Path | None,
        url: str,
        wipe: bool,
        parallel: int,
        mebibytes_per_second: float,
        limits: tuple[str, ...],
        give_up_seconds: float,
        state: Path | None,
        archive_key: Path | None,
        ledger_key: Path | None,
        ca_file: Path | None,
    ) -> Order:
        """As the command line says it. Raises RateUnreadable."""
        windows = tuple(parse_window(window) for window in limits)
        config = DockConfig(
            places=Places((folder.resolve(),) if watch else ()),
            timing=WatchTiming(),
            rates=RateSchedule(windows, int(mebibytes_per_second * _MEBIBYTE) or None),
            marks=MarkRules(),
            url=url,
            station_key_file=station_key_file,
            station_token_file=station_token_file,
            state=state,
            wipe=wipe,
            parallel=parallel,
            report_seconds=60.0,
            ca_file=ca_file,
            archive_key=archive_key,
            ledger_key=ledger_key,
        )
        return cls(config, None if watch else folder, state or _usual_state(folder), give_up_seconds)

    def carry_out(self, tell: Listener, stop: threading.Event) -> DockResult:
        """Do it. Raises DockError when it cannot begin."""
        plan = self._plan()
        if self.folder is not None:
            return dock_folder(plan, self.folder, tell, stop)
        return dock_continuously(plan, self.config.places, self.config.timing, tell, stop)

    def unit(self, config_file: Path) -> str:
        """A systemd unit that does what `config_file` says."""
        return write_unit(self.config, config_file, Path(sys.argv[0]))

    def _plan(self) -> DockPlan:
        config = self.config
        tls = trusting(config.ca_file) if config.ca_file else None
        credential, url = choose_credential(config.station_token_file, config.station_key_file, config.url, tls)
        return DockPlan(
            url=url,
            credential=credential,
            state_folder=self.state,
            wipe=config.wipe,
            parallel=config.parallel,
            give_up_seconds=self.give_up_seconds,
            rates=config.rates,
            marks=config.marks,
            archive_key=load_pinned_key(config.archive_key) if config.archive_key else None,
            ledger_vkey=load_ledger_vkey(config.ledger_key) if config.ledger_key else None,
            tls=tls,
            report_seconds=config.report_seconds,
        )


def order_from_file(path: Path) -> Order:
    """Raises ConfigUnusable."""
    config = read_config(path)
    return Order(config, None, config.state or _usual_state(path))


def _usual_state(of: Path) -> Path:
    """Not in the footage folder: it may be read only, and its next card is another one."""
    name = hashlib.sha256(os.fsencode(of.resolve())).hexdigest()[:32]
    return Path.home() / ".local" / "state" / "liuhen" / "dock" / name
