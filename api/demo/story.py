"""The main job from the card to the court, told while it happens: `liuhen demo`."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from api.demo import evidence, viewing
from api.demo.archive_process import ArchiveElsewhere, RunningArchive, adopt_orphans, end_orphans, running_archive
from api.demo.assignments import plan_assignments
from api.demo.cast import (
    APPROVER,
    AUDITOR,
    MAIN_CASE,
    OFFICER,
    OTHER_CASE,
    PEOPLE,
    REVIEWER,
    SUPERVISOR,
    UNIT_NAME,
    Cast,
    assembled_cast,
    open_cases,
)
from api.demo.client import Facts
from api.demo.errors import require
from api.demo.folders import DemoFolders, fresh_folders
from api.demo.footage import find_ffmpeg, make_demo_footage
from api.demo.footage_folder import Footage, choose_folder, digest_all, look_at
from api.demo.linking import link_everything
from api.demo.narration import Narrator
from api.demo.programs import Programs
from api.demo.register import fill_register
from api.demo.result import Result, join_recording, show_result, write_result
from api.demo.uploading import KillingUpload, Uploaded
from api.media_tools import media_runner
from api.settings import Settings
from ingest.media.probe import probe_media
from integrity.local_time import show_in_china

_COPIES_SECONDS = 3600.0
_LONGEST_LIST = 30


@dataclass(frozen=True)
class Demo:
    """What every part of the story needs."""

    settings: Settings
    folders: DemoFolders
    programs: Programs
    narrator: Narrator
    elsewhere: ArchiveElsewhere | None = None


def tell_story(
    settings: Settings, footage_folder: Path | None, narrator: Narrator, elsewhere: ArchiveElsewhere | None = None
) -> None:
    """Everything from beginning to end. Returns only when every check held and nothing is left running.

    `elsewhere`: the archive is not started but one that others run, which `settings` name; its people, cases and
    recordings stay in it, and what is told of killed HTTP processes is left out.

    Raises DataFolderBusy for a second one at a time, FootageUnusable, and CheckFailed for the first thing that does
    not hold. However it ends, its processes are ended.
    """
    adopt_orphans()
    named = None if footage_folder is None else choose_folder(footage_folder, settings.data / "demo")
    if named is not None:
        look_at(named)
    with fresh_folders(settings.data) as folders:
        if elsewhere is None:
            programs = Programs(folders.archive, folders.log)
        else:
            programs = Programs(settings.data, folders.log, elsewhere=True)
        try:
            result = _tell(Demo(settings, folders, programs, narrator, elsewhere), named)
        except Exception:
            logs = (folders.log, folders.archive / "log")
            narrator.say(
                f"演示中止，日志在 {logs[0]} 和 {logs[1]}", "the demo stops here, its logs are in these folders"
            )
            raise
        finally:
            left = end_orphans()
        require(not left, f"没有遗留进程（{left}）", f"no process is left ({left})")
        if elsewhere is None:
            narrator.held("所有服务都已结束，没有遗留进程", "every engine has ended, no process is left")
        write_result(folders.result, result)
        narrator.say(f"结果 / result: {folders.result}", f"package: {folders.package}, trust: {folders.trust}")
        narrator.say(f"全程 {narrator.seconds:.0f} 秒，每项核对都通过", "every check held")


def _tell(demo: Demo, named: Path | None) -> Result:
    with ExitStack() as running:
        scene = _set_the_scene(demo, named, running)
        brought = _bring_in(demo, scene)
        watched = _watch(demo, scene, brought)
        proven = _take_to_court(demo, scene, watched)
        demo.narrator.step("结果", "What was seen")
        result = _join(demo, scene, brought, watched, proven)
        show_result(result, demo.narrator)
        demo.narrator.step("结束", "The end")
    return result


@dataclass(frozen=True)
class Scene:
    """`digests` are SHA-256 by file name, made before the archive had a single byte."""

    archive: RunningArchive | ArchiveElsewhere
    footage: Footage
    digests: Mapping[str, str]
    cast: Cast
    cases: Mapping[str, str]


def _set_the_scene(demo: Demo, named: Path | None, running: ExitStack) -> Scene:
    say = demo.narrator
    archive: RunningArchive | ArchiveElsewhere
    if demo.elsewhere is None:
        say.step("准备影像，同时启动整个档案系统", "The footage is prepared while the whole archive starts")
    else:
        say.step("准备影像", "The footage is prepared")
    with ThreadPoolExecutor(1) as beside:
        prepared = beside.submit(_prepare_footage, demo, named)
        if demo.elsewhere is None:
            archive = running.enter_context(running_archive(demo.programs))
            say.held(
                f"档案系统已就绪：{archive.url}", "database, broker, time stamps, ledger, workers and HTTP all run"
            )
        else:
            archive = demo.elsewhere
            say.say(f"档案系统在 {archive.url}", "the archive that others run")
        footage, digests = prepared.result()
    _show_footage(footage, digests, say)

    say.step("单位、人员、采集站、案件", "A unit, its people, a docking station, two cases")
    made = assembled_cast(demo.programs, archive.url, demo.folders.private, ca_file=archive.ca_file)
    cast = running.enter_context(made)
    say.held(f"{UNIT_NAME}：{', '.join(part.name for part in PEOPLE)}", "one person of each role at least")
    planned = plan_assignments((each.path.name for each in footage.files), MAIN_CASE.number, OTHER_CASE.number)
    cases = open_cases(cast.of(OFFICER), planned)
    for each in planned:
        who = f"{each.device or '—'} / {each.officer or '—'}"
        span = f"{show_in_china(each.starts_at)} – {show_in_china(each.ends_at)}"
        say.say(f"{each.case_number} 出勤：{who}，{span}", "who was at work on it, and when")

    issued = fill_register(cast, planned, datetime.now(UTC))
    say.held(f"配发了 {issued} 台执法记录仪", "recorders are issued, and who wears which is in the register")

    say.step("事先交付公钥", "The public keys are handed over, before anything is uploaded")
    evidence.hand_over_trust(demo.programs, demo.folders.trust, say)
    return Scene(archive, footage, digests, cast, cases)


def _prepare_footage(demo: Demo, named: Path | None) -> tuple[Footage, Mapping[str, str]]:
    if named is None:
        make_demo_footage(demo.folders.footage, find_ffmpeg(demo.settings.tool_search_path))
    footage = look_at(named or demo.folders.footage)
    return footage, digest_all(footage.files)


def _show_footage(footage: Footage, digests: Mapping[str, str], say: Narrator) -> None:
    say.say(
        f"影像 {footage.folder}：{len(footage.files)} 个文件，{footage.size_bytes:,} 字节",
        f"{len(footage.files)} files, digested here and now, before the archive has a byte of them",
    )
    for each in footage.files[:_LONGEST_LIST]:
        say.quote([f"{digests[each.name]}  {each.name}  ({each.size_bytes:,})"])
    for name in footage.empty:
        say.say(
            f"{name} 是空文件，没有内容可存，留在原处",
            "an empty file: there is nothing to keep, and it stays where it is",
        )


@dataclass(frozen=True)
class Brought:
    """`ids` are recordings by the first file with their bytes; `repeats` later files with such bytes, and theirs."""

    uploaded: Uploaded
    ids: Mapping[str, str]
    repeats: Mapping[str, str]


def _bring_in(demo: Demo, scene: Scene) -> Brought:
    say = demo.narrator
    say.step("采集站上传，中途强行终止采集程序和服务器", "The station uploads; agent and server are killed midway")
    notes = demo.folders.private / "dock"
    upload = KillingUpload(demo.programs, scene.archive, scene.footage, scene.cast.station_file, notes, say)
    uploaded = upload.run()

    say.step("封存完毕，逐一比对摘要", "Everything is sealed; the digests are compared")
    ids, repeats = sort_out(uploaded, scene.digests)
    say.held(
        f"{len(scene.digests)} 个文件的摘要与上传前一致，共 {len(ids)} 条记录",
        "every digest is the one computed before the upload, kills or no kills",
    )
    for name, each in uploaded.received.items():
        if name in ids:
            say.quote([f"{each['sha256']}  #{each['ledger_index']}  {each['token_time']}  {name}"])

    say.step("归入案件", "Every recording finds its case")
    link_everything(scene.cast.of(OFFICER), scene.cases, tuple(ids.values()), say)
    return Brought(uploaded, ids, repeats)


def sort_out(uploaded: Uploaded, digests: Mapping[str, str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Recordings by first file, and files that repeat one. Raises CheckFailed for a digest other than ours."""
    by_recording: dict[str, str] = {}
    repeats = {}
    # Of files with the same bytes, whichever arrived first was sealed; the others' receipts say that they repeat it.
    for name in sorted(uploaded.received, key=lambda each: (uploaded.received[each]["repeat"], each)):
        received = uploaded.received[name]
        require(received["sha256"] == digests[name], f"{name} 的摘要一致", f"the digest of {name} is the same")
        first = by_recording.setdefault(str(received["recording_id"]), name)
        if first != name:
            require(digests[first] == digests[name], f"{name} 与 {first} 内容相同", f"{name} has the bytes of {first}")
            repeats[name] = first
    return {name: recording_id for recording_id, name in by_recording.items()}, repeats


@dataclass(frozen=True)
class Watched:
    """`shown` is the recording that was asked for, `file` its file; `known` and `playable` are by recording id."""

    shown: Facts
    file: Path
    refused_without_grant: bool
    known: Mapping[str, Facts]
    playable: Mapping[str, bool]


def _watch(demo: Demo, scene: Scene, brought: Brought) -> Watched:
    say, supervisor = demo.narrator, scene.cast.of(SUPERVISOR)
    say.step("没有授权，不能播放", "Without a grant nothing is played")
    largest = max(scene.footage.files, key=lambda each: each.size_bytes)
    shown = supervisor.get(f"/api/v1/recordings/{brought.uploaded.received[largest.name]['recording_id']}")
    refused = viewing.see_refusal(supervisor, scene.cast.of(AUDITOR), shown, say)

    say.step("申请、审批、播放", "Asking, approving, watching")
    case_id = scene.cases[MAIN_CASE.number]
    viewing.get_grant(supervisor, scene.cast.of(APPROVER), case_id, "view", "核对现场执法经过", say)
    viewing.see_original_kept(supervisor, shown, say)
    known = viewing.wait_for_copies(supervisor, tuple(brought.ids.values()), say, _COPIES_SECONDS)
    runner, scratch = media_runner(demo.settings), demo.folders.scratch
    playable = {
        recording_id: viewing.try_to_play(supervisor, facts, lambda path: probe_media(path, runner), scratch)
        for recording_id, facts in known.items()
    }
    say.held(
        f"{sum(playable.values())} 条可以播放，{len(playable) - sum(playable.values())} 条不能（照样封存）",
        "playable copies were fetched under the grant and open; what cannot be played is sealed all the same",
    )
    return Watched(shown, largest.path, refused, known, playable)


@dataclass(frozen=True)
class Proven:
    """What the verifier said of each recording in the package, by id, and where it found the flipped byte."""

    reported: evidence.Reported
    tampering_found: str


def _take_to_court(demo: Demo, scene: Scene, watched: Watched) -> Proven:
    say, programs, folders = demo.narrator, demo.programs, demo.folders
    say.step("按复制授权导出证据包", "The case is exported under a grant to copy")
    asker, reviewer, case_id = scene.cast.of(SUPERVISOR), scene.cast.of(REVIEWER), scene.cases[MAIN_CASE.number]
    purpose, why = "移送审核并提交法院", "法院须核验原件"
    grant_id = viewing.get_grant(asker, reviewer, case_id, "copy", purpose, say, originals_for=why)
    viewing.fetch_original(asker, watched.shown, watched.file, say)
    evidence.export_case(programs, MAIN_CASE.number, grant_id, folders.package, say)

    say.step("离线核验：不需要数据库和服务器", "Verified offline, without database or server")
    reported = evidence.verify_with_trust(programs, folders, say)

    say.step("改动一个字节", "One byte is changed")
    original = str(reported[str(watched.shown["id"])]["original"])
    found = evidence.find_flipped_byte(programs, folders, original, say)

    say.step("他人用自己的密钥全部重签", "Somebody signs everything anew with other keys")
    evidence.tell_signed_anew(programs, folders, say)

    say.step("核验在用的档案", "The live archive is verified")
    evidence.verify_archive(programs, say)
    return Proven(reported, found)


def _join(demo: Demo, scene: Scene, brought: Brought, watched: Watched, proven: Proven) -> Result:
    seen = []
    for name, recording_id in sorted(brought.ids.items()):
        known, playable = watched.known[recording_id], watched.playable[recording_id]
        receipt = brought.uploaded.received[name]
        seen.append(join_recording(name, scene.digests[name], receipt, known, proven.reported, playable))
    return Result(
        recordings=seen,
        refused_without_grant=watched.refused_without_grant,
        tampering_found=proven.tampering_found,
        uploaded=brought.uploaded,
        repeats=brought.repeats,
        empty=scene.footage.empty,
        skipped=scene.footage.skipped,
        seconds=demo.narrator.seconds,
    )
