"""Two units, each with a case that its recordings are put into, and somebody with a grant to the case's originals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.demo.client import ApiClient
from tests.compose.stack import Stack

UNITS = ("JIA", "YI")
_GRANT_HOURS = 12


@dataclass(frozen=True)
class UnitAccess:
    """`officer` puts recordings into the case; `viewer` may have its originals, by another's consent. Bearer tokens."""

    code: str
    case_id: str
    officer: str
    viewer: str


def make_units(stack: Stack) -> Mapping[str, UnitAccess]:
    for code in UNITS:
        admin(stack, "unit", "create", f"执法大队{code}", "--code", code)
    return {code: _open_case(stack, code) for code in UNITS}


def enrol_station(stack: Stack, number: int, unit: str) -> str:
    """What the command prints: the file that `liuhen dock` takes."""
    return json.dumps(admin(stack, "station", "enrol", f"采集站{number}", "--unit", unit))


def admin(stack: Stack, *words: str) -> Any:
    """In the container that has every setting and only sleeps: one of its own takes many times as long to begin."""
    done = stack.machine.podman("exec", stack.name_of("prepare"), "liuhen", "admin", *words, "--json", seconds=120)
    return json.loads(done.stdout)


def _open_case(stack: Stack, code: str) -> UnitAccess:
    officer, viewer, approver = (_token(stack, code, role) for role in ("officer", "supervisor", "legal_reviewer"))
    with _client(stack, officer) as client:
        opened = {"number": f"江城罚〔2026〕{code}号", "title": "占道经营", "procedure": "ordinary_penalty"}
        case = client.post("/api/v1/cases", opened | {"kind": "penalty"})
        client.post(f"/api/v1/cases/{case['id']}/stages", {"stage": "investigation"})
    why = "法院要求提交原件"
    with _client(stack, viewer) as client:
        asked = {"case_id": case["id"], "kind": "copy", "purpose": "移送法院", "unredacted_reason": why}
        request = client.post("/api/v1/requests", asked)
    with _client(stack, approver) as client:
        client.post(f"/api/v1/requests/{request['id']}/approve", {"hours": _GRANT_HOURS, "consent_reason": why})
    return UnitAccess(code, str(case["id"]), officer, viewer)


def _token(stack: Stack, code: str, role: str) -> str:
    named = ("--role", role, "--unit", code, "--name", f"{role} {code}")
    return str(admin(stack, "token", "create", *named, "--expires-hours", str(_GRANT_HOURS))["token"])


def _client(stack: Stack, token: str) -> ApiClient:
    return ApiClient(stack.url, token, "chaos", stack.authority)
