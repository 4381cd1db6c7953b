"""Real files in a running archive, played by real Chromium from the archive's own addresses, under a grant.

    python -m tests.corpus.served FOLDER        uploads FOLDER to an archive of its own; a line a file, then a sum

After another way of bringing them in: play_served. A file is wrong when it is readable and its copy does not play:
`currentTime` advances, `videoWidth` > 0, sound is heard where there is some, and it can be wound forward.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, sync_playwright

from ingest.media.encoding import plan_proxy
from ingest.media.findings import Findings
from ingest.media.probe import probe_media
from ingest.media.runner import MediaRunner, open_runner
from tests.corpus.plays import NOT_MEDIA, is_silent
from tests.corpus.watching import look, watch
from tests.hostile.live import station_token, upload
from tests.journeys.browsing import open_browser
from tests.journeys.running import RunningArchive

PEOPLE = {"liwei": "officer", "liuyang": "supervisor", "zhoumin": "supervisor"}
LONGEST_SECONDS = 1800.0


@dataclass(frozen=True)
class Outcome:
    """`plays`: yes, no, or nothing (there is nothing to show, for the reason given)."""

    name: str
    state: str
    plays: str
    seen: str
    complaints: tuple[str, ...]


def sign_in(archive: RunningArchive, name: str, password: str) -> httpx.Client:
    client = httpx.Client(base_url=archive.url, timeout=60, trust_env=False)
    answer = client.post("/api/v1/session", json={"sign_in_name": name, "password": password}).raise_for_status()
    client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return client


def people_of(archive: RunningArchive) -> dict[str, httpx.Client]:
    made = {}
    for name, role in PEOPLE.items():
        words = ("person", "create", "--role", role, "--name", name, "--sign-in-name", name)
        made[name] = sign_in(archive, name, str(archive.admin(*words)["password"]))
    return made


def wait_for_copies(officer: httpx.Client, wanted: int) -> list[dict[str, Any]]:
    """Every recording in full, once no copy is due any more."""
    until = time.monotonic() + LONGEST_SECONDS
    settled: dict[str, dict[str, Any]] = {}
    while True:
        items = list_all(officer)
        for item in items:
            if item["id"] not in settled:
                detail = officer.get(f"/api/v1/recordings/{item['id']}").raise_for_status().json()
                if not any(job["state"] == "due" for job in detail["media_jobs"]):
                    settled[item["id"]] = detail
        if len(items) >= wanted and len(settled) == len(items):
            return list(settled.values())
        assert time.monotonic() < until, f"{len(settled)} of {wanted} have their copies"
        time.sleep(2.0)


def list_all(client: httpx.Client) -> list[dict[str, Any]]:
    items, cursor = [], None
    while True:
        query = {"limit": "200", **({"cursor": cursor} if cursor else {})}
        page = client.get("/api/v1/recordings", params=query).raise_for_status().json()
        items += page["items"]
        cursor = page.get("next")
        if not cursor:
            return items


def open_to_view(people: Mapping[str, httpx.Client], recordings: list[dict[str, Any]]) -> None:
    """One case with all of them in it, and a grant to view it, asked for and approved by two."""
    officer, asker, approver = people["liwei"], people["liuyang"], people["zhoumin"]
    form = {"number": "江〔2026〕1号", "title": "真实文件", "kind": "penalty", "procedure": "ordinary_penalty"}
    case = officer.post("/api/v1/cases", json=form).raise_for_status().json()["id"]
    for recording in recordings:
        link = {"recording_id": recording["id"], "stage": "investigation", "reason": "全部"}
        officer.post(f"/api/v1/cases/{case}/links", json=link).raise_for_status()
    wish = {"case_id": case, "kind": "view", "purpose": "逐一播放"}
    asked = asker.post("/api/v1/requests", json=wish).raise_for_status().json()
    approver.post(f"/api/v1/requests/{asked['id']}/approve", json={"hours": 8}).raise_for_status()


def play(recording: dict[str, Any], path: Path, found: Findings, page: Page, runner: MediaRunner, url: str) -> Outcome:
    base, names = f"{url}/api/v1/recordings/{recording['id']}/renditions", {c["name"] for c in recording["copies"]}
    reasons = ",".join(reason["code"] for reason in recording["findings"].get("reasons", ()))
    about = f"{recording['media_state']} {reasons}".strip()
    if found.kind == "still" and "poster" in names:
        width, height = look(page, f"{base}/poster")
        good = bool(width and height)
        return Outcome(path.name, about, "yes" if good else "no", f"{width}×{height}", () if good else ("no picture",))
    if "proxy" not in names:
        jobs = {job["kind"]: f"{job['state']}: {job['outcome']}" for job in recording["media_jobs"]}
        honest = recording["media_state"] not in ("intact", "opens") or "no_decoder" in reasons
        wrong = () if honest else ("intact, and nothing to play",)
        return Outcome(path.name, about, "nothing", jobs.get("proxy", ""), wrong)
    plan = plan_proxy(found)
    picture, sound = plan.video != "drop", plan.audio != "drop"
    seen = watch(page, f"{base}/proxy", sound_only=not picture)
    complaints = tuple(seen.complaints(picture=picture, sound=sound, silent=sound and is_silent(path, found, runner)))
    facts = f"{seen.width}×{seen.height} {seen.duration:.2f} s, at {seen.advanced:.2f} s, peak {seen.peak:.3f}"
    return Outcome(path.name, about, "no" if complaints else "yes", facts, complaints)


def play_all(
    archive: RunningArchive,
    people: Mapping[str, httpx.Client],
    recordings: list[dict[str, Any]],
    paths: Mapping[str, Path],
) -> list[Outcome]:
    runner, outcomes = open_runner(""), []
    with sync_playwright() as playwright:
        browser = open_browser(playwright)
        context = browser.new_context()
        cookies = [{"name": c.name, "value": str(c.value), "url": archive.url} for c in people["liuyang"].cookies.jar]
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{archive.url}/recordings")
        for recording in sorted(recordings, key=lambda one: str(one["original_name"])):
            path = paths[recording["sha256"]]
            outcome = play(recording, path, probe_media(path, runner), page, runner, archive.url)
            outcomes.append(outcome)
            words = "; ".join(outcome.complaints) or outcome.seen
            print(f"{outcome.plays:8} {outcome.name:60} [{outcome.state}] {words}", flush=True)
        browser.close()
    return outcomes


def digests_of(folder: Path) -> dict[str, Path]:
    """Every file that is said to be media, once, by its SHA-256 in hex."""
    found = sorted(folder.rglob("*"))
    paths = (path for path in found if path.is_file() and path.suffix.lower() not in NOT_MEDIA)
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in paths}


def play_served(archive: RunningArchive, folder: Path) -> list[Outcome]:
    """Play what `archive` holds of `folder`, once every copy is made. Prints a line a file."""
    paths = digests_of(folder)
    people = people_of(archive)
    try:
        recordings = [one for one in wait_for_copies(people["liwei"], len(paths)) if one["sha256"] in paths]
        open_to_view(people, recordings)
        return play_all(archive, people, recordings, paths)
    finally:
        for client in people.values():
            client.close()


def summed_up(outcomes: list[Outcome]) -> str:
    counts = {plays: sum(one.plays == plays for one in outcomes) for plays in ("yes", "nothing")}
    wrong = sum(bool(one.complaints) for one in outcomes)
    return f"{len(outcomes)} recordings: {counts['yes']} play, {counts['nothing']} have nothing to play, {wrong} wrong"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory(prefix="corpus-") as name:
        archive = RunningArchive(Path(name), ready_seconds=300.0)
        archive.start()
        try:
            token = station_token(archive, "采集站")
            for path in digests_of(folder).values():
                assert upload(archive, token, path.name, path.read_bytes()) == 201, path
            outcomes = play_served(archive, folder)
        finally:
            archive.stop()
    print(summed_up(outcomes))
    return 1 if any(one.complaints for one in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
