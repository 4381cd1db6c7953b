"""What `liuhen scrub` was asked for, read and refused before anything is opened."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from api.cli.ids import read_id
from api.cli.instants import read_instant
from api.errors import UsageRefused
from api.setting_values import read_size
from api.settings import load_settings

UNTHROTTLED: Final = "unthrottled"


@dataclass(frozen=True)
class Order:
    """`since`: all that was not looked at since then; `everything`: as of now. `bytes_per_second` None: no limit."""

    everything: bool
    since: datetime | None
    recording: uuid.UUID | None
    bytes_per_second: int | None


def read_order(*, everything: bool, since: str | None, recording: str | None, rate: str | None) -> Order:
    """Raises UsageRefused, SettingInvalid."""
    if sum((everything, since is not None, recording is not None)) > 1:
        raise UsageRefused(
            "--all、--since、--recording 只能用其中一个", "--all, --since and --recording: choose one of them"
        )
    recording_id = None if recording is None else read_id(recording)
    return Order(everything, _instant(since), recording_id, read_rate(rate, int(load_settings().scrub_rate)))


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    instant = read_instant(text)
    if instant > datetime.now(UTC):
        raise UsageRefused(f"{text} 尚未到来", f"{text} has not come yet")
    return instant


def read_rate(text: str | None, otherwise: int) -> int | None:
    """Bytes a second; None: no limit. `otherwise`, where none was asked for. Raises UsageRefused."""
    if text is None:
        return otherwise
    if text == UNTHROTTLED:
        return None
    rate = read_size(text.removesuffix("/s")) or 0
    if rate <= 0:
        raise UsageRefused(
            f"速率 {text} 无效，应如 200MiB，或 {UNTHROTTLED}", f"{text} is no rate: write 200MiB, or {UNTHROTTLED}"
        )
    return rate
