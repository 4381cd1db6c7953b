"""Every error about evidence is said in Chinese as well, with the same facts."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import pytest

from integrity.chinese import SENTENCES, said_in_both, said_in_chinese
from integrity.errors import (
    DigestMismatch,
    EvidenceContradiction,
    EvidenceError,
    FileMissing,
    KeyLineBroken,
    KeyNotPinned,
    MalformedEvidence,
    ProofInvalid,
    SignatureInvalid,
)
from integrity.package.failure import PackageInvalid, failing_at

# Said in English alone: what a format's own words say of a place in it. And Chinese that English does not repeat.
OF_ONE_LANGUAGE = {"reason", "chinese"}


def tree_of(kind: type[EvidenceError]) -> Iterator[type[EvidenceError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from tree_of(each)


TREE = sorted(set(tree_of(EvidenceError)), key=lambda each: each.__name__)


def facts_of(kind: type[EvidenceError]) -> dict[str, Any]:
    names = [each.name for each in dataclasses.fields(kind)]
    return {name: (f"fact-{name}",) if name == "pinned" else f"fact-{name}" for name in names}


def test_every_class_of_the_tree_has_a_sentence_of_its_own() -> None:
    assert set(TREE) == set(SENTENCES)
    assert len(set(SENTENCES.values())) == len(SENTENCES)


@pytest.mark.parametrize("kind", TREE)
def test_the_facts_are_in_both_languages(kind: type[EvidenceError]) -> None:
    error = kind(**facts_of(kind))
    chinese, english = said_in_chinese(error), str(error)
    assert re.search("[一-鿿]", chinese)
    assert "fact-reason" not in chinese
    for name in facts_of(kind).keys() - OF_ONE_LANGUAGE:
        assert (f"fact-{name}" in chinese) == (f"fact-{name}" in english), name


@pytest.mark.parametrize("kind", TREE)
def test_both_say_it_once_each_and_chinese_first(kind: type[EvidenceError]) -> None:
    error = kind(**facts_of(kind))
    both = said_in_both(error)
    assert both.startswith(said_in_chinese(error))
    assert both.endswith(str(error))
    assert both.count("fact-reason") <= 1


def test_digests_and_keys_are_told_whole() -> None:
    assert said_in_chinese(DigestMismatch("data/1/original.mp4", "sm3", "aa" * 32, "bb" * 32)) == (
        f"data/1/original.mp4：sm3 摘要为 {'bb' * 32}，封存时为 {'aa' * 32}"
    )
    assert "（固定的有：k1、k2）" in said_in_chinese(KeyNotPinned("manifest", "k3", ("k1", "k2")))
    assert "（固定的有：无）" in said_in_chinese(KeyNotPinned("manifest", "k3"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MalformedEvidence("receipt: v", "not 1"), "回执: v 格式不符 / receipt: v is malformed: not 1"),
        (MalformedEvidence("meta/case.json", "x"), "meta/case.json 格式不符 / meta/case.json is malformed: x"),
        (SignatureInvalid("checkpoint 7", "ab"), "检查点 7 的签名与密钥 ab 不符"),
        (EvidenceContradiction("a.json", "the manifests", "2", "3"), "a.json 中为 3，而 封存清单 中为 2 / "),
        (EvidenceContradiction("a", "b", "3 documents", "2 listed"), "a 中为 列出 2 份，而 b 中为 3 份文书 / "),
        (ProofInvalid("consistency", "too short"), "一致性证明不成立 / consistency proof does not hold: too short"),
        (FileMissing("checkpoint"), "checkpoint 应有而没有 / checkpoint is listed but missing"),
    ],
)
def test_artefacts_have_their_chinese_word_and_files_their_name(error: EvidenceError, said: str) -> None:
    assert said_in_both(error).startswith(said)


def test_a_broken_line_of_keys_brings_both_languages_itself() -> None:
    error = KeyLineBroken("log/entries/3.json", "没有原密钥的签名", "no former key signed it")
    assert said_in_both(error) == str(error)


def test_a_package_tells_by_what_it_fails() -> None:
    with pytest.raises(PackageInvalid) as caught, failing_at(5, "manifest-sha256.txt"):
        raise FileMissing("data/1/original.mp4")
    assert said_in_chinese(caught.value) == "第 5 步，data/1/original.mp4：data/1/original.mp4 应有而没有"
