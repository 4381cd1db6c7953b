"""VERIFY.md: how to check a package with tools that we did not write, line by line, as they have to be typed.

The tests run the lines as they stand. The first of them says where the trusted keys are, and is the only one to change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from integrity.manifest import PREDICATE_TYPE
from integrity.package.guide_keys import FOLLOWED, KEYS_TEXT, GuideKey, follow_lines
from integrity.package.layout import (
    CHECKPOINT,
    PAYLOAD_LIST,
    REPEATS,
    STATEMENT,
    TAG_LIST,
    catalogue_path,
    manifest_path,
    token_path,
)
from integrity.trust import LEDGER_NAME, ROOTS_NAME, key_file_name


@dataclass(frozen=True, slots=True)
class GuideRecording:
    """What the guide needs to know about recording `number`."""

    number: int
    original: str
    key_epoch: int
    gen_time: datetime


def write_guide(
    recordings: Sequence[GuideRecording],
    package_key_epoch: int,
    catalogues: int = 0,
    sealed_documents: Sequence[str] = (),
    *,
    has_repeats: bool = False,
    succeeded: Sequence[GuideKey] = (),
) -> bytes:
    """The content of VERIFY.md; `catalogues`: how many versions of an archived case's catalogue there are,
    `sealed_documents`: the paths of documents that bear a seal; `has_repeats`: whether files came again; `succeeded`:
    the keys that took the place of others, of each role in the order of their epochs."""
    keys = FOLLOWED if succeeded else _HELD
    sections = (
        (_INTRODUCTION, _START),
        (_FILES, _BAG),
        (_CHECKPOINT, _LEDGER),
        *(((KEYS_TEXT, follow_lines(succeeded)),) if succeeded else ()),
        (_SIGNATURES, (*_FUNCTION, *_signatures(recordings, package_key_epoch, keys))),
        (_TOKENS, _tokens(recordings)),
        (_TSA_PIN, _tsa_pins(recordings)),
        (_FOOTAGE, _footage(recordings)),
        *(((_CATALOGUES, _catalogues(catalogues)),) if catalogues else ()),
        (_COSIGN, _cosign(recordings, keys)),
        *(((_SEALS, _seals(sealed_documents)),) if sealed_documents else ()),
        *(((_REPEATS, _REPEATS_FUNCTION),) if has_repeats else ()),
    )
    return "\n".join([*_numbered(f"{text}\n{_block(lines)}" for text, lines in sections), _END]).encode()


def _numbered(sections: Iterable[str]) -> Iterable[str]:
    """Which sections there are depends on the package; their headings are counted as they come."""
    number = 0
    for section in sections:
        number += _HEADING in section
        yield section.replace(_HEADING, f"## {number}. ")


def _block(lines: Iterable[str]) -> str:
    return "\n".join(("```sh", *lines, "```\n"))


_INTRODUCTION = """\
# 如何核验本证据包 · How to verify this package

在本文件夹内依次执行以下命令即可,只需 Debian 自带的工具,不需要网络,也不需要我们的程序。每一条都应当成功;有一条失败,
就说明文件在导出之后被改动过。**包内的 `trust/` 只是副本。请把下面第一行改成您事先收到的那一份的路径**:
否则,用另一套密钥把全部文件重新签名的人也能通过核验。

Run these lines in this folder, in this order. Debian's own tools are enough: no network, no program of ours. Each must
succeed; where one fails, something was changed after the export. **The `trust/` in here is only a copy: in the first
line, write the path of the one you were given beforehand.** Otherwise whoever signs everything anew with other keys
passes, too.
"""

_START = ("TRUST=trust",)
_HEADING = "## #. "
_HELD = "$TRUST"
"""Where the keys are that signatures are checked with, unless some have to be followed from there."""

_FILES = """\
用我们的程序(须先安装) 一次完成全部核验 · Everything at once, with our program once it is installed:
`python -m integrity verify . --trust DIR`

## #. 文件齐全且未改动 · No file is missing or changed
"""

_BAG = (f"sha256sum --check --strict --quiet {TAG_LIST}", f"sha256sum --check --strict --quiet {PAYLOAD_LIST}")

_SIGNATURES = """\
## #. 签名 · Signatures

证据包清单(列出每个文件的摘要)和每份封存清单都是 DSSE 签名信封。被签名的内容是
`DSSEv1 <类型长度> <类型> <内容长度> <内容>`。文件再与已签名的证据包清单比对:开头的目录没有签名,谁都能重写。

The package statement (every file's digest) and each recording's manifest are DSSE envelopes; what is signed is
`DSSEv1 <length of type> <type> <length of payload> <payload>`. The files are then held against the signed statement:
the lists at the beginning are unsigned, and anybody can write them anew.
"""

_FUNCTION = (
    "check_signature() {",
    "  work=$(mktemp -d)",
    """  sed -n 's/.*"payload":"\\([^"]*\\)".*/\\1/p' "$1" | base64 -d > "$work/payload\"""",
    """  sed -n 's/.*"sig":"\\([^"]*\\)".*/\\1/p' "$1" | base64 -d > "$work/signature\"""",
    """  type=$(sed -n 's/.*"payloadType":"\\([^"]*\\)".*/\\1/p' "$1")""",
    '  size=$(wc -c < "$work/payload")',
    """  { printf 'DSSEv1 %d %s %d ' "${#type}" "$type" "$size"; cat "$work/payload"; } > "$work/signed\"""",
    '  openssl pkeyutl -verify -pubin -inkey "$2" -rawin -in "$work/signed" -sigfile "$work/signature"',
    "}",
    "check_files() {",
    """  sed -n 's/.*"payload":"\\([^"]*\\)".*/\\1/p' "$1" | base64 -d | grep -o '"[^"]*":"[0-9a-f]\\{64\\}"' \\""",
    """    | sed 's/"\\(.*\\)":"\\(.*\\)"/\\2  \\1/' | sha256sum --check --strict --quiet""",
    "}",
)

_TOKENS = """\
## #. 可信时间戳 · Time stamps

每份封存清单在列明的时间已经存在(RFC 3161)。`-attime` 是时间戳自己的时间,证书按当时是否有效判断。

Each manifest existed at the time given (RFC 3161). `-attime` is the token's own time: the certificate is judged then.
"""

_TSA_PIN = """\
签发时间戳的证书,其指纹应列在 `trust.json` 的 `tsa_sha256` 中。

The fingerprint of the certificate that signed the time stamp must be a `tsa_sha256` of `trust.json`.
"""

_TSA_FUNCTION = (
    "check_tsa() {",
    '  fingerprint=$(openssl ts -reply -in "$1" -token_out | openssl pkcs7 -inform DER -print_certs \\',
    "    | openssl x509 -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f)",
    '  test "${#fingerprint}" -eq 64 && grep -o "tsa_sha256.*$fingerprint" "$TRUST/trust.json"',
    "}",
)

_CHECKPOINT = """\
## #. 账本检查点 · The ledger's checkpoint

`log/checkpoint` 是账本在导出时的签名状态(C2SP tlog-checkpoint);`log/entries/` 中每一条目都有通向它的包含证明
(`log/proofs/`,RFC 9162)。

`log/checkpoint` is the ledger's signed head at the export (C2SP tlog-checkpoint); every entry in `log/entries/` has an
inclusion proof that leads to it (`log/proofs/`, RFC 9162).
"""

_LEDGER = (
    "work=$(mktemp -d)",
    # The SubjectPublicKeyInfo header of Ed25519, in octal because POSIX printf knows no \\x.
    "{ printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'; "
    f'cut -d+ -f3- "$TRUST/{LEDGER_NAME}" | base64 -d | tail -c 32; }} > "$work/key.der"',
    f"sed '/^$/,$d' {CHECKPOINT} > \"$work/signed\"",
    f"sed -n 's/^— [^ ]* //p' {CHECKPOINT} | head -n 1 | base64 -d | tail -c 64 > \"$work/signature\"",
    'openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" -rawin -in "$work/signed" '
    '-sigfile "$work/signature"',
)

_FOOTAGE = """\
## #. 录像与封存清单一致 · The footage is what its manifest says

封存清单里的 SHA-256 与录像文件比对。

The SHA-256 in the manifest is held against the file.
"""

_FOOTAGE_FUNCTION = (
    "check_footage() {",
    """  sed -n 's/.*"payload":"\\([^"]*\\)".*/\\1/p' "$1" | base64 -d \\""",
    """    | sed -n 's/.*"digest":{"sha256":"\\([0-9a-f]*\\)".*/\\1/p' | sed "s|\\$|  $2|" \\""",
    "    | sha256sum --check --strict",
    "}",
)

_CATALOGUES = """\
## #. 卷内目录 · The catalogue

本案已归档。账本的归档条目写明卷内目录的 SHA-256。

The case was archived. The ledger's entry of that states the SHA-256 of its catalogue.
"""

_COSIGN = """\
## #. 可选:cosign · Optional: cosign

一条命令核验录像、封存清单及其签名。

One line checks footage, manifest and signature together.
"""

_SEALS = """\
## #. 文书的电子签章 · The seals on documents

签名覆盖整份文件,只除去签名本身(`/ByteRange`)。签章证书的指纹应列在 `trust.json` 的 `seals` 中。`pdfsig`
(Debian 软件包 poppler-utils)和任何 PDF 阅读器给出同样的结论。

The signature covers the whole file but itself (`/ByteRange`). The fingerprint of the seal's certificate must be one of
the `seals` of `trust.json`. `pdfsig` (Debian package poppler-utils) and any PDF reader say the same.
"""

_SEAL_FUNCTION = (
    "check_seal() {",
    "  work=$(mktemp -d)",
    """  set -- "$1" $(grep -a -o '/ByteRange *\\[[0-9 ]*\\]' "$1" | tr -dc '0-9 ')""",
    '  test "$#" -eq 5 && test "$2" -eq 0 && test "$(($4 + $5))" -eq "$(wc -c < "$1")" || return 1',
    '  { head -c "$3" "$1"; tail -c +"$(($4 + 1))" "$1"; } > "$work/covered"',
    """  head -c "$(($4 - 1))" "$1" | tail -c +"$(($3 + 2))" | tr a-f A-F | basenc --base16 -d > "$work/signature\"""",
    '  openssl cms -verify -binary -inform DER -in "$work/signature" -content "$work/covered" -noverify \\',
    '    -signer "$work/signer.pem" -out /dev/null || return 1',
    '  fingerprint=$(openssl x509 -in "$work/signer.pem" -noout -fingerprint -sha256 \\',
    "    | sed 's/.*=//; s/://g' | tr A-F a-f)",
    '  test "${#fingerprint}" -eq 64 && grep -o "seals.*$fingerprint" "$TRUST/trust.json"',
    "}",
)

_REPEATS = """\
## #. 同一文件再次收到时所称的内容 · What was said when files came again

账本条目对文件名和全部说法作了承诺:以盐为密钥的 HMAC-SHA256。盐与原文在 `meta/received-again.json`,
每个条目一份,不多不少。

Their ledger entries commit to the name and to all that was said: HMAC-SHA256 under a salt. Salts and words are in
`meta/received-again.json`, one for each entry, neither more nor less.
"""

# In canonical JSON the committed text of the claims stands as it is between two names. A name with an escape in it is
# left to our own program.
_REPEATS_FUNCTION = (
    "list_repeats() {",
    r"""  sed 's/^{"received_again":\[//; s/\],"v":1}$//; s/},{"claims":\[/}\n{"claims":[/g' """ + REPEATS,
    "  echo",
    "}",
    "commit() { openssl dgst -sha256 -mac HMAC -macopt hexkey:$1 | sed 's/.*= //'; }",
    "check_repeats() {",
    "  list_repeats | while IFS= read -r repeat; do",
    r"""    upload=$(printf '%s' "$repeat" | sed 's/.*"upload_id":"\([^"]*\)"}$/\1/')""",
    r"""    entry=$(grep -l "received_again.*\"subject\":{\"id\":\"$upload\"" log/entries/*.json) || exit 1""",
    "    for said in claims name; do",
    r"""      salt=$(printf '%s' "$repeat" | sed "s/.*\"${said}_salt\":\"\([0-9a-f]*\)\".*/\1/")""",
    r"""      text=$(printf '%s' "$repeat" | sed 's/^{"claims":\(.*\),"claims_salt":".*/\1/')""",
    "      if test $said = name; then",
    r"""        text=$(printf '%s' "$repeat" | sed 's/.*"original_name":"\(.*\)","upload_id":".*/\1/')""",
    r"""        case $text in *\\*) continue ;; esac""",
    "      fi",
    r"""      grep -q "\"$said\":\"$(printf '%s' "$text" | commit $salt)\"" "$entry" || exit 1""",
    "    done",
    "  done",
    "}",
    "check_repeats",
    r"""test "$(grep -l '"action":"recording.received_again".*"commitments"' log/entries/*.json | wc -l)" \
  -eq "$(list_repeats | wc -l)" """.rstrip(),
)

_END = """\
## 不能证明的事 · What this cannot show

上传之前的改动、从未上传的内容、设备自报的时间地点等信息是否属实。

Changes before the upload, what was never uploaded, and whether what a device said of itself is true.
"""


def _signatures(recordings: Sequence[GuideRecording], package_key_epoch: int, keys: str) -> Iterable[str]:
    yield f'check_signature {STATEMENT} "{keys}/{key_file_name("package", package_key_epoch)}"'
    yield f"check_files {STATEMENT}"
    for each in recordings:
        yield f"check_signature {manifest_path(each.number)} {_key(each, keys)}"


def _tokens(recordings: Sequence[GuideRecording]) -> Iterable[str]:
    for each in recordings:
        yield f"# {each.gen_time.isoformat()}"
        yield (
            f"openssl ts -verify -in {token_path(each.number)} -data {manifest_path(each.number)} "
            f'-CAfile "$TRUST/{ROOTS_NAME}" -attime {int(each.gen_time.timestamp())}'
        )


def _tsa_pins(recordings: Sequence[GuideRecording]) -> Iterable[str]:
    yield from _TSA_FUNCTION
    for each in recordings:
        yield f"check_tsa {token_path(each.number)}"


def _footage(recordings: Sequence[GuideRecording]) -> Iterable[str]:
    yield from _FOOTAGE_FUNCTION
    for each in recordings:
        yield f"check_footage {manifest_path(each.number)} {each.original}"


def _catalogues(count: int) -> Iterable[str]:
    for version in range(1, count + 1):
        digest = f"$(sha256sum {catalogue_path(version)} | cut -c 1-64)"
        yield f"""grep -l '"catalogue_sha256":"'"{digest}" log/entries/*.json"""


def _seals(paths: Sequence[str]) -> Iterable[str]:
    yield from _SEAL_FUNCTION
    for path in paths:
        yield f"check_seal {path}"


def _cosign(recordings: Sequence[GuideRecording], keys: str) -> Iterable[str]:
    for each in recordings:
        yield (
            f"cosign verify-blob-attestation --key {_key(each, keys)} --signature {manifest_path(each.number)} "
            f"--insecure-ignore-tlog=true --type {PREDICATE_TYPE} {each.original}"
        )


def _key(recording: GuideRecording, keys: str) -> str:
    return f'"{keys}/{key_file_name("manifest", recording.key_epoch)}"'
