"""The fork server as torture runs it: the real one, whose forks go on as entry.py does.

Run by path as `forks.py CONTROL SOCKET`. A fork has the clock that its environment names, as a program has: libfaketime
looks for the file's name whenever it reads it again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from api.engines.fork_server import import_and_fork

ROOT = Path(__file__).parents[2]


def main() -> None:
    control, socket_path = sys.argv[1:]
    sys.path.insert(0, str(ROOT))
    from tests.torture import entry

    request = import_and_fork(Path(socket_path))
    sys.argv = [str(Path(entry.__file__)), control, *request.words]
    entry.main()


if __name__ == "__main__":
    main()
