"""VERIFY.md's lines for signing keys that succeeded one another: from an earlier trust folder to the keys of later, by
the ledger's entries, with openssl and what a shell has. docs/formats/succession.md has the format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from integrity.package.layout import CHECKPOINT
from integrity.succession import PAYLOAD_TYPE

FOLLOWED = "$KEYS"
"""Where the lines put the keys that were handed over and those that were followed from there."""


@dataclass(frozen=True, slots=True)
class GuideKey:
    """A key of `role` that succeeded the one of the epoch before, by the ledger's entry `index`."""

    role: str
    epoch: int
    index: int


def follow_lines(succeeded: Sequence[GuideKey]) -> Iterable[str]:
    """`succeeded`: of each role in the order of their epochs."""
    yield from _COPY
    yield from _CHECK_ENTRY
    yield from _FOLLOW
    for each in succeeded:
        yield f"follow {each.role} {each.epoch} {each.index}"


KEYS_TEXT = """\
## #. 接替的签名密钥 · Keys that succeeded those you hold

签名密钥更换过。每把密钥的启用在账本中有条目(`key.activated`),其中原密钥与新密钥共同签名,由前者接替为后者。您手中的
信任文件夹如较早,没有后来的密钥,以下命令即从其中的密钥出发,逐把得到:`check_entry` 核对条目确在上述检查点的账本中
(RFC 9162 第 2.1.3.2 节;其他条目同样可查),`follow` 核对两个签名;信任文件夹中已有的,须与条目一致。最后每行显示一把
密钥自何时、由哪一条目启用。在此之前的签名不应采信,下一把启用一小时之后的也不应采信。

Signing keys were changed. Each came into force by an entry of the ledger (`key.activated`), in which the former key and
the new one have both signed that one succeeds the other. Where your trust folder is of before that, these lines go on
from its keys, one by one: `check_entry` sees that the entry is in the ledger of the checkpoint above (RFC 9162, section
2.1.3.2; it checks any other entry as well), `follow` checks both signatures; a key that your folder has must be the
entry's. The last lines say since when each key is in force, and by which entry: a signature of before that is not to be
believed, nor one made more than an hour after the next key came into force.
"""

_COPY = ("KEYS=$(mktemp -d)", 'cp "$TRUST"/*-key-*.pem "$KEYS"')

# An inclusion proof by hand: at, last and hash are the fn, sn and r of the RFC.
_CHECK_ENTRY = (
    'bytes() { printf %s "$1" | tr a-f A-F | basenc --base16 -d; }',
    "digest() { sha256sum | cut -c 1-64; }",
    "check_entry() {",
    f"  last=$(($(sed -n 2p {CHECKPOINT}) - 1)); at=$1",
    '  test "$at" -le "$last" || return 1',
    r"""  hash=$({ printf '\000'; cat "log/entries/$1.json"; } | digest)""",
    r"""  for other in $(sed 's/.*"hashes":\[\([^]]*\)\].*/\1/; s/[",]/ /g' "log/proofs/$1.json"); do""",
    '    test "$last" -gt 0 || return 1',
    '    if test $((at % 2)) -eq 1 || test "$at" -eq "$last"; then',
    r"""      hash=$({ printf '\001'; bytes "$other$hash"; } | digest)""",
    "      while test $((at % 2)) -eq 0; do at=$((at / 2)); last=$((last / 2)); done",
    "    else",
    r"""      hash=$({ printf '\001'; bytes "$hash$other"; } | digest)""",
    "    fi",
    "    at=$((at / 2)); last=$((last / 2))",
    "  done",
    f"""  test "$last" -eq 0 && test "$(bytes "$hash" | base64)" = "$(sed -n 3p {CHECKPOINT})\"""",
    "}",
)

# What both keys signed follows from the entry, the key before it and the ledger's name.
_FOLLOW = (
    r"""member() { sed -n 's/.*"'"$2"'":"\{0,1\}\([^",}]*\).*/\1/p' "log/entries/$1.json"; }""",
    "check_word() {",
    '  member "$1" "$2" | base64 -d > "$work/signature"',
    '  openssl pkeyutl -verify -pubin -inkey "$3" -rawin -in "$work/signed" -sigfile "$work/signature"',
    "}",
    "follow() {",
    '  check_entry "$3" || return 1',
    '  test "$(member "$3" action) $(member "$3" purpose) $(member "$3" epoch)" = "key.activated $1 $2" || return 1',
    '  work=$(mktemp -d); former="$KEYS/$1-key-$(($2 - 1)).pem"; key="$KEYS/$1-key-$2.pem"',
    r"""  { printf '\060\052\060\005\006\003\053\145\160\003\041\000'; bytes "$(member "$3" public_key)"; } \
    | openssl pkey -pubin -inform DER -out "$work/key.pem" || return 1""",
    '  test -f "$key" || {',
    r"""    printf '{"epoch":%d,"following":"%s","former":"%s","origin":"%s","purpose":"%s","v":1}' \
      "$2" "$(member "$3" public_key)" \
      "$(openssl pkey -pubin -in "$former" -outform DER | tail -c 32 | basenc --base16 -w 0 | tr A-F a-f)" \
      """
    f'"$(head -n 1 {CHECKPOINT})" "$1" > "$work/payload"',
    f"""    {{ printf 'DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} %d ' "$(wc -c < "$work/payload")"; """
    """cat "$work/payload"; } \\""",
    '      > "$work/signed"',
    '    check_word "$3" signed_by_former "$former" || return 1',
    '    check_word "$3" signed_by_this "$work/key.pem" || return 1',
    '    cp "$work/key.pem" "$key"',
    "  }",
    '  cmp "$work/key.pem" "$key" && echo "$1 $2: $(member "$3" occurred_at) log/entries/$3.json"',
    "}",
)
