from __future__ import annotations

from types import MappingProxyType

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from integrity.canonical import _plain, canonical_json, parse_canonical, parse_strict
from integrity.errors import MalformedEvidence

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_canonical_form_is_read_back_to_the_same_bytes(value: object) -> None:
    form = canonical_json(value)  # type: ignore[arg-type]
    assert canonical_json(parse_canonical(form)) == form


@given(JSON_VALUES)
def test_both_ways_of_writing_spell_alike(value: object) -> None:
    assert canonical_json(value) == rfc8785.dumps(_plain(value))  # type: ignore[arg-type]


@pytest.mark.parametrize("code", [*range(0x20), 0x22, 0x2F, 0x5C, 0x7F, 0x80, 0x2028, 0xE000, 0xFFFF, 0x1F600])
def test_each_character_that_could_be_escaped_is_spelt_alike(code: int) -> None:
    value = {"name": chr(code)}
    assert canonical_json(value) == rfc8785.dumps(value)


def test_members_are_sorted_and_nothing_is_padded() -> None:
    assert canonical_json({"b": [1, 2.0, True, None], "a": "留痕"}) == '{"a":"留痕","b":[1,2,true,null]}'.encode()


def test_members_are_sorted_by_utf16_units() -> None:
    # RFC 8785 section 3.2.3: U+1F600 begins with 0xD83D and comes before U+FB33.
    assert canonical_json({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


def test_any_mapping_and_sequence_can_be_written() -> None:
    assert canonical_json(MappingProxyType({"a": (1, MappingProxyType({}))})) == b'{"a":[1,{}]}'


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**53,
        2.0**53,
        1e22,
        -(2**53),
        "\ud800",
        {"\udfff": 1},
        {1: 2},
        b"bytes",
        {"a": object()},
    ],
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(MalformedEvidence, match="no canonical form"):
        canonical_json(value)  # type: ignore[arg-type]


def test_nesting_without_end_is_refused_both_ways() -> None:
    deep: list[object] = []
    deep.append(deep)
    with pytest.raises(MalformedEvidence):
        canonical_json(deep)  # type: ignore[arg-type]
    with pytest.raises(MalformedEvidence):
        parse_strict(b"[" * 200_000)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b'{"a":1,"a":2}', "'a' appears more than once"),
        (b'{"x":{"b":1,"c":1,"b":1}}', "'b' appears more than once"),
        (b'{"\\u0061":1,"a":2}', "'a' appears more than once"),
        (b"NaN", "NaN"),
        (b"-Infinity", "Infinity"),
        (b"1e999", "2\\^53"),
        (b"1e16", "2\\^53"),
        (b"9007199254740992", "2\\^53"),
        (b"1" * 5000, "2\\^53"),
        (b'"\\ud800"', "surrogates"),
        (b'"\xff"', "utf-8"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"{}x", "Extra data"),
        (b"{} {}", "Extra data"),
        (b"", "Expecting value"),
        (b"{'a':1}", "property name"),
        (b'{"a":1,}', "property name|trailing comma"),
        (b'"\n"', "control character"),
        (b"01", "Extra data"),
    ],
)
def test_ambiguous_documents_are_refused(document: bytes, reason: str) -> None:
    with pytest.raises(MalformedEvidence, match=reason) as caught:
        parse_strict(document, "the document")
    assert caught.value.what == "the document"


@pytest.mark.parametrize(
    "document", [b'{"a": 1}', b'{"b":1,"a":1}', b"1.0", b"1e2", b"-0", b'"\\u0041"', b'"\\/"', b"[1]\n", b" []"]
)
def test_another_spelling_is_not_canonical(document: bytes) -> None:
    parse_strict(document)
    with pytest.raises(MalformedEvidence, match="not in canonical form"):
        parse_canonical(document)
