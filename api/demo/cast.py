"""Who is in the story: a unit, its people, one of each role and a second supervisor, its docking station, two cases."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from api.demo.assignments import Assignment
from api.demo.client import ApiClient, trusting
from api.demo.programs import Programs
from storage.one_time_code import LETTERS

UNIT_NAME, UNIT_CODE = "江城区综合行政执法大队（演示）", "DEMO-01"
STATION_NAME = "演示采集站一号"


@dataclass(frozen=True)
class Role:
    """A part to play: `key` is what the story calls it, and the name to sign in with."""

    key: str
    role: str
    name: str
    chinese: str
    english: str
    badge: str | None = None


ADMINISTRATOR = Role("demo-admin", "administrator", "李伟", "管理员", "administrator")
OFFICER = Role("demo-officer", "officer", "陈立", "执法人员", "officer", "000123")
SUPERVISOR = Role("demo-supervisor", "supervisor", "王敏", "主管（申请人）", "supervisor, who asks")
APPROVER = Role("demo-approver", "supervisor", "赵刚", "主管（审批人）", "supervisor, who approves")
REVIEWER = Role("demo-reviewer", "legal_reviewer", "孙静", "法制审核", "legal reviewer")
PUBLISHER = Role("demo-publisher", "publisher", "周岚", "公示", "publisher")
AUDITOR = Role("demo-auditor", "auditor", "吴桐", "审计", "auditor")
PEOPLE = (OFFICER, SUPERVISOR, APPROVER, REVIEWER, PUBLISHER, AUDITOR)


@dataclass(frozen=True)
class NewCase:
    number: str
    title: str
    kind: str
    procedure: str


MAIN_CASE = NewCase("演罚〔2026〕1号", "占道经营案", "penalty", "ordinary_penalty")
OTHER_CASE = NewCase("演检〔2026〕2号", "沿街商铺例行检查", "inspection", "random_check")


@dataclass(frozen=True)
class SignIn:
    """What somebody signs in with, for the table that `liuhen up --demo` prints."""

    part: Role
    password: str


@dataclass(frozen=True)
class Cast:
    """Everybody's access to the archive. `station_file` is what `liuhen dock` takes."""

    clients: Mapping[str, ApiClient]
    sign_ins: tuple[SignIn, ...]
    station_file: Path

    def of(self, part: Role) -> ApiClient:
        return self.clients[part.key]


@contextmanager
def assembled_cast(
    programs: Programs, url: str, private: Path, people: Sequence[Role] = PEOPLE, *, ca_file: Path | None = None
) -> Iterator[Cast]:
    """Make unit, administrator and station at the machine, and everybody else as that administrator, over the API.

    `ca_file`: who issued the certificate that `url` answers with, where that is none whom everybody trusts.
    """
    programs.liuhen("admin", "unit", "create", UNIT_NAME, "--code", UNIT_CODE, "--json")
    with ThreadPoolExecutor(1) as beside, ExitStack() as clients:
        enrolled = beside.submit(_enrol_station, programs, private / "station.json")
        password, token = _make_administrator(programs)
        station_file = enrolled.result()
        administrator = clients.enter_context(ApiClient(url, token, ADMINISTRATOR.name, ca_file))
        joined, sign_ins = {ADMINISTRATOR.key: administrator}, [SignIn(ADMINISTRATOR, password)]
        for part in people:
            sign_ins.append(SignIn(part, _make_password()))
            joined[part.key] = clients.enter_context(_join(administrator, url, sign_ins[-1], ca_file))
        yield Cast(joined, tuple(sign_ins), station_file)


def _make_administrator(programs: Programs) -> tuple[str, str]:
    """The password and a token of a new administrator."""
    named = ("--name", ADMINISTRATOR.name, "--sign-in-name", ADMINISTRATOR.key)
    made = programs.liuhen("admin", "person", "create", "--role", ADMINISTRATOR.role, *named, "--json").json()
    issued = ("--person", ADMINISTRATOR.key, "--name", "演示程序", "--expires-hours", "12")
    token = programs.liuhen("admin", "token", "create", *issued, "--json").json()
    return str(made["password"]), str(token["token"])


def _enrol_station(programs: Programs, station_file: Path) -> Path:
    station_file.touch(0o600)
    station_file.write_text(programs.liuhen("admin", "station", "enrol", STATION_NAME, "--json").stdout, "utf-8")
    return station_file


def _make_password() -> str:
    """Some 80 bits, in letters that are told apart when they are typed in from a terminal."""
    return "".join(secrets.choice(LETTERS) for _ in range(16))


def _join(administrator: ApiClient, url: str, sign_in: SignIn, ca_file: Path | None) -> ApiClient:
    part = sign_in.part
    form = {"name": part.name, "sign_in_name": part.key, "role": part.role, "password": sign_in.password}
    person = administrator.post("/api/v1/people", {**form, "badge_number": part.badge})
    return ApiClient(url, _own_token(url, sign_in, str(person["id"]), ca_file), part.name, ca_file)


def _own_token(url: str, sign_in: SignIn, person_id: str, ca_file: Path | None) -> str:
    """As people do it: whoever signs in makes their own token, and nobody else's."""
    with httpx.Client(base_url=url, timeout=30, trust_env=False, verify=trusting(ca_file)) as browser:
        form = {"sign_in_name": sign_in.part.key, "password": sign_in.password}
        session = browser.post("/api/v1/session", json=form).raise_for_status().json()
        headers = {"X-CSRF-Token": session["csrf_token"]}
        path = f"/api/v1/people/{person_id}/tokens"
        issued = browser.post(path, json={"label": "演示程序"}, headers=headers).raise_for_status().json()
    return str(issued["token"])


def open_cases(officer: ApiClient, assignments: tuple[Assignment, ...]) -> Mapping[str, str]:
    """Open both cases, say who was at work on them and when; ids by case number."""
    ids = {}
    for case in (MAIN_CASE, OTHER_CASE):
        opened = officer.post("/api/v1/cases", asdict(case))
        ids[case.number] = str(opened["id"])
        officer.post(f"/api/v1/cases/{opened['id']}/stages", {"stage": "investigation"})
    for each in assignments:
        officer.post(f"/api/v1/cases/{ids[each.case_number]}/assignments", each.form())
    return ids
