"""What was docked, placed in a case: as programs do it, for journeys that are about what comes after."""

from __future__ import annotations

import httpx


def place_in_case(officer: httpx.Client, number: str, *handling: httpx.Client) -> tuple[str, str]:
    """The one recording that the officer sees, in a case of that number which those of `handling` handle; both ids."""
    (item,) = officer.get("/api/v1/recordings").json()["items"]
    form = {"number": number, "title": "占道经营", "procedure": "ordinary_penalty"}
    case = officer.post("/api/v1/cases", json=form).raise_for_status().json()
    link = {"recording_id": item["id"], "stage": "initiation", "reason": "同一现场"}
    officer.post(f"/api/v1/cases/{case['id']}/links", json=link).raise_for_status()
    for each in handling:
        person = each.get("/api/v1/session").json()["id"]
        officer.post(f"/api/v1/cases/{case['id']}/officers", json={"person_id": person}).raise_for_status()
    return str(item["id"]), str(case["id"])
