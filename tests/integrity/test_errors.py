from __future__ import annotations

import dataclasses
import inspect
import pickle

import pytest

from integrity import errors
from integrity.errors import DigestMismatch, EvidenceError, KeyFileUnsafe, KeyNotPinned, MalformedEvidence

CLASSES = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, EvidenceError)]


def instance_of(kind: type[EvidenceError]) -> EvidenceError:
    return kind(*(f"fact {number}" for number, _ in enumerate(dataclasses.fields(kind))))


@pytest.mark.parametrize("kind", CLASSES)
def test_error_keeps_its_facts_between_processes(kind: type[EvidenceError]) -> None:
    original = instance_of(kind)
    copy = pickle.loads(pickle.dumps(original))
    assert type(copy) is kind
    assert dataclasses.astuple(copy) == dataclasses.astuple(original)
    assert str(copy) == str(original)


@pytest.mark.parametrize("kind", CLASSES)
def test_error_is_drawn_in_the_tree(kind: type[EvidenceError]) -> None:
    assert errors.__doc__ is not None
    assert kind.__name__ in errors.__doc__.split()


def test_digest_mismatch_names_the_file_and_both_digests() -> None:
    assert str(DigestMismatch("data/a.mp4", "sha256", "aa", "bb")) == "data/a.mp4: sha256 is bb, sealed as aa"


def test_unsafe_key_says_how_to_mend_it() -> None:
    assert "chmod 600 /k.pem" in str(KeyFileUnsafe("/k.pem", "mode 0644 lets others than its owner use it"))


def test_unpinned_key_lists_what_is_pinned() -> None:
    assert "pinned: k1, k2" in str(KeyNotPinned("manifest", "k3", ("k1", "k2")))
    assert "pinned: none" in str(KeyNotPinned("manifest", "k3"))


def test_errors_keep_their_traceback_and_cause() -> None:
    def read() -> None:
        try:
            raise ValueError("inner")
        except ValueError as error:
            raise MalformedEvidence("receipt", "outer") from error

    with pytest.raises(MalformedEvidence) as caught:
        read()
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.__traceback__ is not None
