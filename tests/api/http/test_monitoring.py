"""What an operator sees from outside: figures, alerts that rise, and a dashboard whose every query has an answer."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from api.backup.latest import note_backup
from storage.catalog.recordings import MediaJob
from storage.catalog.uploads import Upload
from storage.ledger.append import Actor, Change, record_change
from storage.operating_figures import read_figures
from storage.set_aside import set_aside
from tests.casework.linking.due import link_due_recordings
from tests.ports import find_free_port

DOCKER = Path(__file__).parents[3] / "docker"
ALERTS = yaml.safe_load((DOCKER / "prometheus" / "alerts.yaml").read_text("utf-8"))["groups"][0]["rules"]
DASHBOARD = json.loads((DOCKER / "grafana" / "liuhen.json").read_text("utf-8"))
# What says nothing where all is well, or before a day of figures is there.
MAY_BE_EMPTY = ("predict_linear", "liuhen_anonymous_refusals_total")


def sample(served: Any, name: str, **labels: str) -> float | None:
    text = served.caller().get("/metrics").text
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            if each.name == name and labels.items() <= each.labels.items():
                return float(each.value)
    return None


def test_a_sealed_recording_is_counted_with_how_long_it_took(served: Any, scene: Any) -> None:
    assert sample(served, "liuhen_sealed_last_hour") == 1
    assert sample(served, "liuhen_sealed_bytes_last_hour") == len(scene.content)
    took = (scene.recording.sealed_at - scene.recording.received_at).total_seconds()
    for quantile in ("0.5", "0.95", "1"):
        assert sample(served, "liuhen_seal_seconds", quantile=quantile) == pytest.approx(took, abs=0.001)
    age = sample(served, "liuhen_time_stamp_age_seconds")
    assert age is not None
    assert 0 <= age < 600
    assert sample(served, "liuhen_check", check="database") == 1


def test_each_queue_tells_how_much_waits_and_since_when(served: Any, scene: Any) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    with served.archive.database.transaction() as session:
        waiting = {"kind": "recovery", "state": "due", "lane": "slow", "created_at": an_hour_ago}
        session.add(MediaJob(recording_id=scene.recording.id, unit_id=scene.unit.id, **waiting))
        session.execute(update(Upload).values(state="finished", finished_at=an_hour_ago))
    for queue in ("copies_slow", "sealing"):
        assert sample(served, "liuhen_backlog", queue=queue) == 1
        waited = sample(served, "liuhen_backlog_oldest_seconds", queue=queue)
        assert waited is not None
        assert 3600 <= waited < 3700
    assert sample(served, "liuhen_backlog", queue="redaction") == 0


def test_what_the_linker_has_not_looked_at_waits_and_what_it_found_no_case_for_is_unlinked(
    served: Any, scene: Any
) -> None:
    assert sample(served, "liuhen_backlog", queue="linking") == 0
    assert sample(served, "liuhen_unlinked_last_day") == 0
    served.seal(served.station(scene.unit), b"another one", "AB00001_000123_20260101094000.MP4")
    assert sample(served, "liuhen_backlog", queue="linking") == 1
    with served.archive.database.transaction() as session:
        link_due_recordings(session)
    assert sample(served, "liuhen_backlog", queue="linking") == 0
    assert sample(served, "liuhen_unlinked_last_day") == 1


def test_recordings_at_which_a_step_fails_are_counted_by_step(served: Any, scene: Any) -> None:
    with served.archive.database.transaction() as session:
        for _ in range(2):
            set_aside(session, "judging", scene.recording.id, scene.unit.id, "KeyError")
    assert sample(served, "liuhen_recordings_set_aside", step="judging") == 1
    assert sample(served, "liuhen_recordings_set_aside", step="linking") == 0


def test_entries_wait_until_a_checkpoint_covers_them(served: Any, scene: Any) -> None:
    served.sequencing.stop()
    served.sequencing.publish_all()
    assert sample(served, "liuhen_backlog", queue="ledger") == 0
    with served.archive.database.transaction() as session:
        for _ in range(3):
            record_change(session, Actor.system("test"), Change("unit.changed", "unit", "-", scene.unit.id))
    assert sample(served, "liuhen_backlog", queue="ledger") == 3
    assert (sample(served, "liuhen_backlog_oldest_seconds", queue="ledger") or 0) > 0
    served.sequencing.publish_all()
    assert sample(served, "liuhen_backlog", queue="ledger") == 0


def test_whoever_answers_people_gets_numbers_and_no_rows(served: Any, scene: Any) -> None:
    """By the login of HTTP processes, with nobody signed in."""
    with served.archive.database.reading() as session:
        figures = read_figures(session)
    assert {figure.name for figure in figures} >= {"sealed_last_hour", "seal_seconds", "link_questions_open"}
    text = served.caller().get("/metrics").text
    for private in (
        scene.recording.original_name,
        str(scene.recording.id),
        scene.unit.name,
        str(scene.unit.id),
        "AB00001",
    ):
        assert private not in text


def test_metrics_answer_while_a_part_does_not_work(served: Any, scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is when they are needed: the part is told, and what cannot be read is left out instead of told as it was."""

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError

    served.sequencing.stop()  # it reads as well, in a thread of this process
    monkeypatch.setattr(type(served.archive.database), "reading", refuse)
    answer = served.caller().get("/metrics")
    assert answer.status_code == 200
    assert 'liuhen_check{check="database"} 0.0' in answer.text
    assert "liuhen_sealed_last_hour" not in answer.text
    assert "liuhen_disk_free_bytes" in answer.text
    assert 'check="scrub"' not in answer.text  # not asked meanwhile, so nothing is said of it


def test_no_panel_of_the_dashboard_lies_over_another() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        for place in itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])):
            assert place not in taken, (panel["title"], taken[place])
            taken[place] = panel["title"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_alerts_rise_for_what_they_are_about() -> None:
    run = subprocess.run(
        ["promtool", "test", "rules", "alerts_test.yaml"],
        cwd=DOCKER / "prometheus",
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    tried = yaml.safe_load((DOCKER / "prometheus" / "alerts_test.yaml").read_text("utf-8"))["tests"]
    raised = {each["alertname"] for test in tried for each in test["alert_rule_test"] if each["exp_alerts"]}
    assert raised == {rule["alert"] for rule in ALERTS}


@contextmanager
def prometheus(served: Any, folder: Path) -> Iterator[httpx.Client]:
    """A real one, that looks at the archive once a second."""
    address = f"127.0.0.1:{find_free_port()}"
    settings = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yaml").read_text("utf-8"))
    settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    settings["rule_files"] = [str(DOCKER / "prometheus" / "alerts.yaml")]
    settings["scrape_configs"][0]["scrape_timeout"] = "1s"
    settings["scrape_configs"][0]["static_configs"] = [{"targets": [served.url.removeprefix("http://")]}]
    folder.joinpath("prometheus.yaml").write_text(json.dumps(settings), "utf-8")
    command = [
        "prometheus",
        f"--config.file={folder}/prometheus.yaml",
        f"--storage.tsdb.path={folder}/figures",
        f"--web.listen-address={address}",
    ]
    with folder.joinpath("log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            with httpx.Client(base_url=f"http://{address}", trust_env=False, timeout=10) as client:
                yield client
        finally:
            process.terminate()


def ask(client: httpx.Client, query: str) -> list[Any]:
    answer = client.get("/api/v1/query", params={"query": query}).json()
    assert answer["status"] == "success", (query, answer)
    return list(answer["data"]["result"])


def wait_for_looks(client: httpx.Client, looks: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            found = ask(client, "count_over_time(up[5m])")
        except (httpx.TransportError, ValueError, AssertionError):
            found = []
        if found and float(found[0]["value"][1]) >= looks:
            return
        time.sleep(0.2)
    raise AssertionError("Prometheus did not look at the archive")


def named_in(query: str) -> set[str]:
    return {re.sub("_(bucket|count|total)$", "", name) for name in re.findall(r"liuhen_[a-z_]+", query)}


def test_every_query_of_the_dashboard_and_of_the_alerts_has_an_answer(served: Any, scene: Any, tmp_path: Path) -> None:
    note_backup(served.archive.settings.data, datetime.now(UTC))
    queries = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    known = {family.name for family in text_string_to_metric_families(served.caller().get("/metrics").text)}
    for query in queries + [rule["expr"] for rule in ALERTS]:
        assert named_in(query) <= known, query
    shown = {name for query in queries for name in named_in(query)}
    # When a process began to count says nothing of the archive.
    assert {name for name in known - shown if not name.endswith("_created")} == set(), "figures without a panel"
    served.caller().get("/api/v1/recordings")  # a refusal to be counted
    with prometheus(served, tmp_path) as client:
        wait_for_looks(client, 3)
        served.caller().get("/api/v1/recordings")
        wait_for_looks(client, 6)
        for query in queries:
            found = ask(client, query)
            assert found or any(word in query for word in MAY_BE_EMPTY), query
        rules = client.get("/api/v1/rules").json()["data"]["groups"][0]["rules"]
        assert {rule["name"]: rule["health"] for rule in rules} == {rule["alert"]: "ok" for rule in ALERTS}
        assert ask(client, 'up{job="liuhen"}')[0]["value"][1] == "1"
