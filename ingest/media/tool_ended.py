"""How a tool's run ended, and whether that says anything of the file: what the machine could not do never does."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path
from typing import Final

from ingest.media.sandbox import Confined
from ingest.media.stops import Stop, exit_word, signal_word

# How ffmpeg says that not one frame came out of the decoder; the exit code alone does not tell it from other failures.
NO_FRAME_WORDS: Final = (
    "received no packets",
    "Nothing was written into output file",
    "Cannot determine format of input",
    "does not contain any stream",
)


# How it says that the fault was ours: memory, room, threads, the encoder. A repeat may well succeed then, so it is
# never "nothing to show"; nor a copy, because a decoder that ran out of memory leaves frames out and goes on. The last
# is how our own programs say it.
SHORT_OF_SOMETHING: Final = (
    "Out of memory",
    "Cannot allocate memory",
    "malloc of size",
    "No space left on device",
    "Disk quota exceeded",
    "File too large",
    "Resource temporarily unavailable",
    "error in an external library",
    "MemoryError",
)


def says_short(words: str) -> bool:
    return any(short in words for short in SHORT_OF_SOMETHING)


def ran_short(result: Confined) -> bool:
    return says_short(result.stderr_tail)


def broke_off(result: Confined) -> bool:
    """Whether it was stopped, was killed or ran short: whatever it left, it had not come to an end."""
    return result.stopped is not None or result.signal is not None or ran_short(result)


def is_empty_handed(result: Confined, path: Path) -> bool:
    """Whether it came to an end and there was nothing to write: no repeat would change that."""
    if broke_off(result):
        return False
    if result.succeeded:
        return not is_plain_file(path)
    return any(words in result.stderr_tail for words in NO_FRAME_WORDS)


def is_plain_file(path: Path) -> bool:
    try:
        facts = os.lstat(path)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(facts.st_mode) and facts.st_size > 0


def why_failed(result: Confined) -> str:
    """A Stop, as far as it is one; else its signal, or its exit code."""
    if result.stopped is not None:
        return result.stopped
    # One file at its limit: the kernel sends a signal, which the first process of a namespace does not get.
    if result.signal == signal.SIGXFSZ or "File too large" in result.stderr_tail:
        return Stop.OUTPUT
    if ran_short(result):
        return Stop.RAN_SHORT
    return exit_word(result.exit_code) if result.signal is None else signal_word(result.signal)


def is_the_machine_s(why: str) -> bool:
    """Of what `why_failed` says: whether the same file might well have come through at another time."""
    stop = Stop.of(why)
    return stop is not None and stop.is_machine
