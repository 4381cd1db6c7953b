"""Every refusal says what to do, in both languages."""

from __future__ import annotations

import inspect
import json
import re
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID

import pytest

from ingest.errors import RequestRefused
from ingest.stations import errors as stations
from ingest.stations.errors import CredentialRefused, CredentialRevoked, SignatureOutOfDate
from ingest.uploads import errors
from ingest.uploads.answers import refusal
from ingest.uploads.errors import UploadRefused
from ingest.uploads.problems import PROBLEMS, describe_problem, preferred_language, problem_of

EXAMPLES = [
    errors.RequestMalformed("Upload-Offset", "{0.__class__}", "{0.__class__}"),
    errors.UploadEmpty(),
    CredentialRefused("secret reason"),
    CredentialRevoked(UUID(int=7), datetime(2026, 3, 4, tzinfo=UTC)),
    SignatureOutOfDate(datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)),
    errors.NotOwner("a" * 32),
    errors.UploadUnknown(),
    errors.MethodNotOffered("BREW", ("POST",)),
    errors.UploadStalled(5, 60, 4096),
    errors.OffsetDiffers(1, 2),
    errors.UploadFinished("a" * 32),
    errors.UploadGone("a" * 32, "expired"),
    errors.VersionUnsupported(),
    errors.TooLong(10),
    errors.LengthUndeclared(10),
    errors.LongerThanQuota(10, 11),
    errors.ContentTypeWrong(),
    errors.TakenOver("a" * 32),
    errors.UploadBusy("a" * 32),
    errors.CreationKeyReused("a" * 32),
    errors.TooManyUploads(64, 65),
    errors.TooManyTerminated(1000, 1001, 60),
    errors.QuotaExceeded(10, 9, 2),
    errors.ChecksumDiffers("sha1"),
    errors.AtAnotherNode("a" * 32, "b", f"b/{'a' * 32}"),
    errors.RegisterUnavailable("down"),
    errors.StagingFull(),
    errors.NoRoomToOpen(10),
    errors.StagingDamaged("a" * 32, "torn"),
]


def test_no_error_is_without_its_problem_or_its_example():
    declared = {
        value
        for value in (*vars(errors).values(), *vars(stations).values())
        if inspect.isclass(value) and issubclass(value, RequestRefused) and value not in (RequestRefused, UploadRefused)
    }
    assert declared == set(PROBLEMS) == {type(example) for example in EXAMPLES}


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_both_sentences_hold_the_facts_and_nothing_meant_for_the_log(error):
    body, _ = describe_problem(problem_of(error), vars(error), None)
    assert b"secret" not in body
    assert "{" not in body.decode().replace('{"', "").replace("{0.__class__}", "")


@pytest.mark.parametrize(
    ("error", "zh", "en"),
    [
        (
            errors.TooLong(64 << 30, at_creation=True),
            "文件超过允许的 64 GiB（68719476736 字节），没有建立上传，也没有收下任何字节；请核对文件大小。",
            "The file is longer than the 64 GiB (68719476736 bytes) allowed; no upload was created, and no byte is "
            "kept. Check its size.",
        ),
        (
            errors.TooLong(3 << 19),
            "文件超过允许的 1.5 MiB（1572864 字节），多出部分未保存；请核对文件大小。",
            "The file is longer than the 1.5 MiB (1572864 bytes) allowed; nothing beyond them is kept. Check its size.",
        ),
    ],
)
def test_sizes_are_said_for_a_person_with_the_bytes_beside(error, zh, en):
    body, _ = describe_problem(problem_of(error), vars(error), None)
    assert json.loads(body)["sentences"] == {"zh-CN": zh, "en": en}


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_no_sentence_asks_twice_in_one_breath(error):
    body, _ = describe_problem(problem_of(error), vars(error), None)
    said = json.loads(body)["sentences"]["zh-CN"].replace("请求", "")
    assert all(part.count("请") <= 1 for part in re.split("[；。]", said))


def test_each_status_and_code_is_one_a_client_can_act_on():
    codes = [problem.code for problem in PROBLEMS.values()]
    assert len(set(codes)) == len(codes)
    assert {problem.status for problem in PROBLEMS.values()} >= {
        400,
        401,
        403,
        404,
        408,
        409,
        410,
        412,
        413,
        415,
        429,
        460,
        507,
    }


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "zh-CN"),
        ("", "zh-CN"),
        ("en", "en"),
        ("en-US,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("fr", "zh-CN"),
        ("en;q=0", "zh-CN"),
        ("zh;q=0.1, en;q=0.2", "en"),
        ("*", "zh-CN"),
        ("en;q=x", "en"),
        (";;,,", "zh-CN"),
    ],
)
def test_the_language_is_the_one_with_the_greater_weight(accepted, language):
    assert preferred_language(accepted) == language


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(errors.TooManyTerminated(1000, 1001, 1234), "1234"), (errors.QuotaExceeded(10, 9, 2), "30")],
)
def test_when_to_come_back_is_the_errors_own_word_where_it_knows(error, seconds):
    asked = SimpleNamespace(created=None, header=lambda name: None)
    limits = SimpleNamespace(max_upload_bytes=10, retry_after_seconds=30)
    answer = refusal(error, asked, limits)
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (429, seconds)
