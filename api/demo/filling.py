"""`liuhen up --demo`: an empty archive gets the demo's unit, people, cases and footage, by the road all footage takes.

It runs as a process beside the archive, `python -m api.demo.filling ADDRESS`, so that `liuhen up` goes on watching
its parts meanwhile. What can still be decided is left for whoever tries it: one recording whose case is in question,
and one request that waits for its approval.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from api.demo.agent import Agent, DockOrder, Event
from api.demo.assignments import plan_assignments
from api.demo.cast import MAIN_CASE, OFFICER, OTHER_CASE, UNIT_NAME, Cast, assembled_cast, open_cases
from api.demo.errors import require
from api.demo.footage import find_ffmpeg, make_demo_footage
from api.demo.linking import link_by_hand, wait_for_linker
from api.demo.narration import Narrator
from api.demo.programs import Programs
from api.demo.register import fill_register
from api.demo.welcome import say_ready
from api.engines.launch import wrapped_argv
from api.errors import ApiError
from api.object_store import store_secrets
from api.settings import PREFIX, Settings, child_environment, load_settings
from integrity.fields import format_instant

MARKER = "demo.json"
FILLED = "演示内容已全部填入"
HEADINGS = ("用户名 / sign-in name", "角色 / role", "姓名 / name", "密码 / password")


def fill_empty_archive(settings: Settings, address: str) -> subprocess.Popen[bytes]:
    """Begin to fill the archive that answers at `address`; it says what it does on our own stdout.

    Call it from the thread that lives as long as the archive: the kernel ends the filling with that.
    """
    argv = (sys.executable, "-P", "-m", "api.demo.filling", address)
    return subprocess.Popen(
        wrapped_argv(argv, signal.SIGTERM, without_root=False),
        stdin=subprocess.DEVNULL,
        env=child_environment({f"{PREFIX}DATA": str(settings.data), **store_secrets(settings)}),
        cwd="/",
        # Ctrl-C is for the archive, which ends everything below it.
        start_new_session=True,
    )


def fill(settings: Settings, address: str, narrator: Narrator) -> None:
    """Everything, from the marker that makes pages say "demo" on. Raises what its steps raise.

    First the people, and how they sign in: that is waited for. Cases and footage come while one looks around.
    """
    marker = {"filled_at": format_instant(datetime.now(UTC)), "unit": UNIT_NAME}
    (settings.data / MARKER).write_text(json.dumps(marker, ensure_ascii=False) + "\n", encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="liuhen-demo-") as name:
        folder = Path(name)
        programs = Programs(settings.data, folder)
        with assembled_cast(programs, address, folder) as cast:
            show_sign_ins(cast, address, narrator)
            narrator.say(
                "正在填入演示的案件和影像，约需一分钟，可以先登录",
                "the demo's cases and footage are being filled in, which takes about a minute: sign in meanwhile",
            )
            footage = make_demo_footage(folder / "footage", find_ffmpeg(settings.tool_search_path))
            planned = plan_assignments((path.name for path in footage), MAIN_CASE.number, OTHER_CASE.number)
            fill_register(cast, planned, datetime.now(UTC))
            case_id = open_cases(cast.of(OFFICER), planned)[MAIN_CASE.number]
            order = DockOrder(folder / "footage", cast.station_file, address, folder / "dock")
            _upload(Agent(programs, order), narrator)
            _leave_something_to_do(cast, case_id, narrator)
    narrator.say(FILLED, "the demo's content is complete")


def show_sign_ins(cast: Cast, address: str, narrator: Narrator) -> None:
    """The one time that the passwords are shown."""
    rows = [
        (each.part.key, f"{each.part.chinese} / {each.part.english}", each.part.name, each.password)
        for each in cast.sign_ins
    ]
    narrator.table(HEADINGS, rows)
    narrator.say("演示系统，密码只显示这一次", "a demo; passwords are shown this once")
    say_ready(address, narrator.announce)


def _upload(agent: Agent, narrator: Narrator) -> None:
    def tell(_: Agent, event: Event) -> None:
        if event["event"] == "receipt":
            narrator.say(f"已收讫 {event['file']}", f"received, ledger entry {event['ledger_index']}")

    summary = agent.watch(tell)
    require(summary is not None and summary["complete"], "演示影像全部收讫", "all of the demo's footage is received")


def _leave_something_to_do(cast: Cast, case_id: str, narrator: Narrator) -> None:
    officer = cast.of(OFFICER)
    for each in wait_for_linker(officer):
        if each["question_id"] is None:
            link_by_hand(officer, case_id, each, narrator, quiet=True)
    officer.post("/api/v1/requests", {"case_id": case_id, "kind": "view", "purpose": "核对现场经过（演示申请）"})


def main(say: Callable[[str], None] = lambda line: print(line, file=sys.stderr)) -> int:
    """The process that `fill_empty_archive` starts. Whatever happens to it, the archive goes on."""
    try:
        fill(load_settings(), sys.argv[1], Narrator())
    except (ApiError, OSError) as error:
        say(f"演示内容未能全部填入 / the demo's content is not complete: {error}")
        for line in getattr(error, "detail", ()):
            say(f"  | {line}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
