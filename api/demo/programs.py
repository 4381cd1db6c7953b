"""Our own commands, run as a person at a terminal runs them: each a process of its own that ends with the demo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from api.demo.errors import ProgramFailed, TookTooLong
from api.engines.launch import wrapped_argv
from api.settings import PREFIX, child_environment

LONGEST_RUN_SECONDS = 4 * 3600.0
_LINES_SHOWN = 8


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    exit_code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.stdout)


@dataclass(frozen=True)
class Programs:
    """Commands that concern the archive in `data`; what they say on stderr also goes to a file in `log`.

    `settings` are variables beyond those of any demo, for the archive that is started. `elsewhere`: it is one that
    others run, which our own settings name.
    """

    data: Path
    log: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    elsewhere: bool = False

    def liuhen(self, *words: str, expect: Sequence[int] = (0,)) -> Done:
        """`liuhen WORDS`. Raises ProgramFailed for any other exit code than those expected."""
        return self._run(f"liuhen {' '.join(words[:3])}", liuhen_argv(*words), expect)

    def integrity(self, *words: str, expect: Sequence[int] = (0,)) -> Done:
        """`python -m integrity WORDS`."""
        argv = (sys.executable, "-P", "-m", "integrity", *words)
        return self._run(f"python -m integrity {words[0]}", argv, expect)

    def start(self, argv: Sequence[str], stdout: int | IO[bytes], log_name: str) -> subprocess.Popen[bytes]:
        """A command that goes on beside us. Call it from the main thread: the kernel ends it with that."""
        with (self.log / log_name).open("ab") as log:
            return subprocess.Popen(
                wrapped_argv(tuple(argv), signal.SIGTERM, without_root=False),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=log,
                env=self._environment(),
                cwd="/",
                # Ctrl-C at the terminal is for the demo, which ends the others in order.
                start_new_session=True,
            )

    def _run(self, title: str, argv: Sequence[str], expect: Sequence[int]) -> Done:
        began_at = time.monotonic()
        process = subprocess.Popen(
            wrapped_argv(tuple(argv), signal.SIGTERM, without_root=False),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment(),
            cwd="/",
        )
        with process:
            try:
                stdout, stderr = process.communicate(timeout=LONGEST_RUN_SECONDS)
            except subprocess.TimeoutExpired as error:
                process.kill()
                raise TookTooLong(title, title, LONGEST_RUN_SECONDS) from error
            except BaseException:
                process.terminate()
                raise
        done = Done(process.returncode, stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"))
        with (self.log / "commands.log").open("a", encoding="utf-8") as log:
            log.write(f"$ {title}\n{done.stderr}→ {done.exit_code}, {time.monotonic() - began_at:.1f} s\n")
        if done.exit_code not in expect:
            raise ProgramFailed(title, done.exit_code, (done.stderr or done.stdout).splitlines()[-_LINES_SHOWN:])
        return done

    def _environment(self) -> dict[str, str]:
        """Nothing of a real archive's settings, where the demo starts engines of its own, in its own folder."""
        if self.elsewhere:
            return {**os.environ, f"{PREFIX}DATA": str(self.data), "PYTHONUTF8": "1"}
        kept = child_environment({})
        ours = {name for name in kept if name.startswith(PREFIX) and name != f"{PREFIX}FFMPEG_FOLDER"}
        mine = {f"{PREFIX}DATA": str(self.data), f"{PREFIX}BIND": "127.0.0.1:0", "PYTHONUTF8": "1"}
        return {name: value for name, value in kept.items() if name not in ours} | mine | dict(self.settings)


def liuhen_argv(*words: str) -> tuple[str, ...]:
    """As the console script would, with the working folder off the import path."""
    return (sys.executable, "-P", "-m", "api.cli.main", *words)
