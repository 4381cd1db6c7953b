"""Messages read by many threads at once, the first of their process: what an authority meets right after its start."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os, sys, threading
from integrity.timestamp_messages import parse_request

sys.setswitchinterval(1e-6)
request, broken = bytes.fromhex(sys.argv[1]), 0
for _ in range(100):
    child = os.fork()
    if child == 0:
        barrier = threading.Barrier(8)
        threads = [threading.Thread(target=lambda: (barrier.wait(), parse_request(request))) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        try:
            parse_request(request)  # And ever after.
        except Exception:
            os._exit(1)
        os._exit(0)
    broken += os.waitpid(child, 0)[1] != 0
sys.exit(f"{broken} of 100 processes can read no request any more" if broken else 0)
"""
WAITING = """
from asn1crypto import core
from integrity import timestamp_messages


def narrower(kind):
    return {kind}.union(*map(narrower, kind.__subclasses__()))


print(*(kind.__name__ for kind in {timestamp_messages._Reply} & set(core._SETUP_CLASSES)))
print(*(kind.__name__ for kind in narrower(core.Asn1Value) - set(core._SETUP_CLASSES)))
"""
REQUEST = "3043020101303130 0d060960864801650304020105000420" + "11" * 32 + "02080102030405060708 0101ff"


def test_the_first_requests_of_a_process_may_come_all_at_once() -> None:
    """Without what is done at the import, some of a hundred processes never read a request again."""
    command = [sys.executable, "-c", PROGRAM, REQUEST.replace(" ", "")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_no_class_of_the_library_waits_for_its_first_use() -> None:
    """In a process of its own: other libraries bring classes of theirs, which no message of ours is made of."""
    done = subprocess.run([sys.executable, "-c", WAITING], capture_output=True, text=True, timeout=60)
    # The bare Choice has nothing to choose from and can never be set up, nor used.
    assert (done.stdout.split(), done.stderr) == (["_Reply", "Choice"], "")
