"""What a listing knows of each object, in every store: name, size and version, in order; nothing is read."""

from __future__ import annotations

import pytest

from storage.objects.protocol import Listed, ObjectStore


def test_a_survey_says_of_each_object_what_stat_says_in_the_order_of_names(store: ObjectStore) -> None:
    stored = [store.put(name, b"x" * number) for number, name in enumerate(("b/a", "a-b", "a/b/c", "a/b", "a0")[:3])]
    surveyed = list(store.survey())
    assert [each.name for each in surveyed] == sorted(each.name for each in stored) == list(store.list())
    for each in stored:
        listed = Listed(each.name, each.size_bytes, each.version_id)
        assert listed in surveyed
        assert store.inspect(each.name) == listed
    assert [each.name for each in store.survey("a/")] == ["a/b/c"]
    assert store.inspect("a/b") is None
    assert store.inspect("Not a Name") is None


def test_what_was_mended_says_so(store: ObjectStore, request: pytest.FixtureRequest) -> None:
    store.put("a", b"lost")
    with store.mend("a") as writer:
        writer.write(b"found")
        stored = writer.commit()
    (listed,) = store.survey()
    assert (listed.size_bytes, listed.version_id, listed.newer_versions) == (5, stored.version_id, 0)
    assert listed == store.inspect("a")
    assert listed.mended == (stored.version_id != "1"), "a folder keeps no other"
