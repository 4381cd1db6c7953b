"""The hostile set through both sandboxes and through a running archive.

python -m tests.hostile            tables, then one line: leaked bytes, connections, the API's latency beside itself
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from ingest.errors import SandboxUnavailable
from ingest.media.bubblewrap import BubblewrapSandbox
from ingest.media.namespaces import NamespaceSandbox
from ingest.media.runner import open_runner
from tests.hostile.files import make_files, prepare
from tests.hostile.live import Latency, leaked_bytes, measure, measure_until_done, outputs, summed_up, upload_all
from tests.hostile.walls import listener, suffer
from tests.journeys.running import RunningArchive

SANDBOXES = (BubblewrapSandbox, NamespaceSandbox)
CALM_SECONDS, LONGEST_SECONDS = 20.0, 900.0


def through_both(files: dict[str, bytes], folder: Path) -> int:
    """Prints a line a file and sandbox; the bytes that leaked."""
    leaked = 0
    for sandbox in SANDBOXES:
        try:
            runner = open_runner("", prefer=sandbox())
        except SandboxUnavailable as error:
            print(f"{sandbox.name}: not here: {error}")
            leaked += 1  # What was not tried is not shown to be safe.
            continue
        for name, content in files.items():
            path = folder / name
            path.write_bytes(content)
            one = suffer(path, runner)
            leaked += one.leaked
            path.unlink()
            made = ", ".join(one.made) or "nothing"
            print(
                f"{sandbox.name:11} {name:24} {one.state:10} {one.reason:20} {one.longest_seconds:6.1f} s  {made}",
                flush=True,
            )
    return leaked


def through_archive(files: dict[str, bytes], folder: Path) -> tuple[int, Latency, Latency]:
    archive = RunningArchive(folder, ready_seconds=300.0)
    archive.start()
    try:
        token = str(archive.admin("token", "create", "--role", "supervisor", "--name", "测")["token"])
        with archive.client(token) as client:
            measure(client, 3.0)
            calm = summed_up(measure(client, CALM_SECONDS))
            upload_all(archive, files)
            under = summed_up(measure_until_done(archive, client, len(files), LONGEST_SECONDS))
        return leaked_bytes(outputs(archive)), calm, under
    finally:
        archive.stop()


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="hostile-") as name, listener() as listening:
        aims = prepare(Path(name) / "aims", listening.port, str(open_runner("").tools.ffmpeg.program.path))
        files = dict(make_files(aims))
        leaked = through_both(files, aims.folder)
        served = Path(name) / "served"
        served.mkdir()
        through, calm, under = through_archive(files, served)
        callers = listening.callers
    for words, taken in (("calm", calm), ("under the set", under)):
        print(f"API {words:14} {taken.count:5} requests  median {taken.median:6.1f} ms  p95 {taken.p95:6.1f} ms")
    ratios = f"median {under.median / calm.median:.2f}x, p95 {under.p95 / calm.p95:.2f}x"
    print(f"{leaked + through} bytes of a neighbour, {callers} connections, API latency {ratios} of {len(files)} files")
    return 1 if leaked + through or callers else 0


if __name__ == "__main__":
    sys.exit(main())
