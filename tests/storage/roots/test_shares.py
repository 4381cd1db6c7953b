"""Shares: any k give the secret back, fewer say nothing of it, and a mistyped one is named."""

from __future__ import annotations

import secrets
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.key_errors import ShareDamaged, SharesDiffer, SharesError, SharesTooFew
from storage.roots.field import divide, evaluate, interpolate, multiply
from storage.roots.shares import MOST_SHARES, SECRET_BYTES, Share, read_shares, recombine, split_secret

ID = "3f2a91c0"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
seeds = st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES)


@st.composite
def splits(draw: st.DrawFn) -> tuple[bytes, int, tuple[Share, ...]]:
    """A secret, how many shares it takes, and all of them in some order."""
    count = draw(st.integers(2, MOST_SHARES))
    threshold = draw(st.integers(2, min(count, 12)))
    secret = draw(seeds)
    shares = split_secret(secret, ID, threshold, count)
    return secret, threshold, tuple(draw(st.permutations(shares)))


def test_the_field_is_the_one_of_fips_197() -> None:
    assert multiply(0x57, 0x83) == 0xC1  # its own example, in section 4.2
    assert multiply(0x57, 0x13) == 0xFE
    for left in range(256):
        assert [multiply(left, right) for right in range(256)] == [_slowly(left, right) for right in range(256)]
        if left:
            assert multiply(left, divide(1, left)) == 1
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)


def _slowly(left: int, right: int) -> int:
    product = 0
    while right:
        if right & 1:
            product ^= left
        left = left << 1 ^ (0x11B if left & 0x80 else 0)
        right >>= 1
    return product


@settings(deadline=None, max_examples=50)
@given(splits())
def test_any_that_suffice_give_the_secret_back(made: tuple[bytes, int, tuple[Share, ...]]) -> None:
    secret, threshold, shares = made
    assert recombine(shares[:threshold], ID) == secret
    assert recombine(shares, ID) == secret


def test_every_choice_of_three_in_five_gives_it_back() -> None:
    secret = secrets.token_bytes(SECRET_BYTES)
    for chosen in combinations(split_secret(secret, ID, 3, 5), 3):
        assert recombine(chosen, ID) == secret


@settings(deadline=None, max_examples=50)
@given(splits())
def test_one_too_few_is_refused(made: tuple[bytes, int, tuple[Share, ...]]) -> None:
    _, threshold, shares = made
    with pytest.raises(SharesTooFew) as few:
        recombine(shares[: threshold - 1], ID)
    assert (few.value.wanted, few.value.found) == (threshold, threshold - 1)


@settings(deadline=None, max_examples=50)
@given(splits(), st.integers(0, SECRET_BYTES - 1), st.integers(0, 255))
def test_one_too_few_go_with_every_secret(made: tuple[bytes, int, tuple[Share, ...]], at: int, imagined: int) -> None:
    """Whatever the secret was imagined to be, there is a last share which would make it that."""
    _, threshold, shares = made
    points = [(0, imagined), *((each.number, each.values[at]) for each in shares[: threshold - 1])]
    missing = shares[threshold - 1]
    forged = interpolate(points, missing.number)
    assert interpolate([*points[1:], (missing.number, forged)], 0) == imagined


def test_shares_of_one_secret_have_nothing_in_common_from_one_split_to_the_next() -> None:
    secret = bytes(SECRET_BYTES)
    first, second = split_secret(secret, ID, 2, 2), split_secret(secret, ID, 2, 2)
    assert first != second
    assert all(any(each.values) for each in (*first, *second))
    assert evaluate((7, 0, 0), 9) == 7


@settings(deadline=None, max_examples=50)
@given(splits(), st.data())
def test_a_share_is_read_however_it_is_typed(made: tuple[bytes, int, tuple[Share, ...]], data: st.DataObject) -> None:
    _, _, shares = made
    text = shares[0].text()
    for written, typed in (("0", "O"), ("1", "l"), ("1", "I"), ("-", " "), ("-", ""), ("\n    ", " "), ("\n", "\r\n")):
        if data.draw(st.booleans()):
            head, body = text[:4], text[4:]
            text = head + body.replace(written, typed)
    text = text.lower() if data.draw(st.booleans()) else text
    assert (
        read_shares(f"第 1 份，共 {len(shares)} 份\n\n  {text}\n\n由一人单独保管\n{shares[1].text()}\n") == shares[:2]
    )


@settings(deadline=None, max_examples=100)
@given(splits(), st.data())
def test_a_mistyped_share_is_named_by_its_place(
    made: tuple[bytes, int, tuple[Share, ...]], data: st.DataObject
) -> None:
    _, _, shares = made
    texts = [each.text() for each in shares[:4]]
    place = data.draw(st.integers(0, len(texts) - 1))
    characters = [at for at, each in enumerate(texts[place]) if at > 3 and each in ALPHABET]
    at = data.draw(st.sampled_from(characters))
    slip = data.draw(st.sampled_from([*(set(ALPHABET) - {texts[place][at]}), "", "U", "?"]))
    texts[place] = texts[place][:at] + slip + texts[place][at + 1 :]
    with pytest.raises(ShareDamaged) as damaged:
        read_shares("\n\n".join(texts))
    assert damaged.value.place == place + 1
    assert texts[place][:30] not in str(damaged.value)


@settings(deadline=None, max_examples=50)
@given(splits())
def test_two_groups_exchanged_are_noticed(made: tuple[bytes, int, tuple[Share, ...]]) -> None:
    text = made[2][0].text()
    groups = text.split("-")
    groups[2], groups[3] = groups[3], groups[2]
    if groups[2] != groups[3]:
        with pytest.raises(ShareDamaged):
            read_shares("-".join(groups))


def test_shares_of_another_key_are_named_and_one_entered_twice_counts_once() -> None:
    ours, theirs = (split_secret(secrets.token_bytes(32), each, 2, 3) for each in (ID, "00ff00ff"))
    with pytest.raises(SharesDiffer, match="00ff00ff/2"):
        recombine((ours[0], theirs[1]), ID)
    assert read_shares(ours[0].text() + "\n\n" + ours[0].text()) == ours[:1]
    other_split = split_secret(secrets.token_bytes(32), ID, 2, 3)
    with pytest.raises(SharesDiffer, match=f"{ID}/1"):
        recombine((ours[0], other_split[0]), ID)
    assert read_shares("nothing of the kind") == ()


@pytest.mark.parametrize(("threshold", "count"), [(1, 3), (0, 0), (4, 3), (2, MOST_SHARES + 1), (2, 1)])
def test_numbers_that_make_no_sense_are_refused(threshold: int, count: int) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        split_secret(bytes(32), ID, threshold, count)


def test_a_share_says_nothing_of_itself_but_on_paper() -> None:
    share = split_secret(bytes(range(32)), ID, 2, 2)[0]
    assert share.values.hex() not in repr(share)
    assert issubclass(ShareDamaged, SharesError)
