from __future__ import annotations

import base64
import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit._util import canonical_json
from audit.provenance.errors import RejectedError
from audit.provenance.format import archive, canonical_encoding, checksums
from audit.provenance.signing import sshsig
from tests.support.provenance import made

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary())
def test_base64_comes_back(data: bytes) -> None:
    assert canonical_encoding.b64decode(canonical_encoding.b64encode(data), "f") == data


@given(st.text(alphabet="ABCDwxyz019+/=-_ \n", max_size=40))
def test_base64_has_one_text_for_each_value(text: str) -> None:
    try:
        data = canonical_encoding.b64decode(text, "f")
    except RejectedError:
        return
    assert base64.b64encode(data).decode() == text


@given(VALUES)
def test_json_comes_back(value: object) -> None:
    try:
        raw = canonical_json.dumps(value)
    except ValueError:  # lone surrogates have no UTF-8
        return
    assert canonical_encoding.json_canonical(raw, "f") == value


@given(VALUES, st.sampled_from([" ", "\n", "\t"]))
def test_json_with_anything_more_is_refused(value: object, more: str) -> None:
    try:
        raw = canonical_json.dumps(value)
    except ValueError:
        return
    for other in (raw + more.encode(), more.encode() + raw, json.dumps(json.loads(raw), indent=1).encode()):
        if other != raw:
            with pytest.raises(RejectedError) as caught:
                canonical_encoding.json_canonical(other, "f")
            assert caught.value.code == "not-canonical"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"a":1,"a":1}', "duplicate-key"),
        (b'{"a":{"b":1,"b":2}}', "duplicate-key"),
        (b'{"a":1.0}', "malformed"),
        (b'{"a":NaN}', "malformed"),
        (b'{"a":1e3}', "malformed"),
        (b'{"b":1,"a":2}', "not-canonical"),
        (b'{"a":"\\u0041"}', "not-canonical"),
        (b'{"a":-0}', "not-canonical"),
        (b'{"a":01}', "malformed"),
        (b"[" * 100_000, "malformed"),
        (b"\xff", "malformed"),
        (b'{"a":"\\ud800"}', "malformed"),
        (b"\xef\xbb\xbf{}", "malformed"),
        (b"", "malformed"),
        (b"9007199254740993", "malformed"),
    ],
)
def test_json_refused(raw: bytes, code: str) -> None:
    with pytest.raises(RejectedError) as caught:
        canonical_encoding.json_canonical(raw, "f")
    assert caught.value.code == code


@given(st.binary(max_size=80))
def test_only_one_form_of_a_signature(data: bytes) -> None:
    key = made.key()
    der = key.sign(data)
    assert der == key.sign(data)
    assert canonical_encoding.signature_canonical(der, "f") == der
    for other in (der + b"\0", b"\x30\x81" + der[1:], der[:-1]):
        with pytest.raises(RejectedError):
            canonical_encoding.signature_canonical(other, "f")


NAMES = st.text(alphabet="ab./\\ \0:~-_A", min_size=1, max_size=12)


@given(NAMES)
def test_an_accepted_name_stays_in_the_folder(name: str) -> None:
    from pathlib import PurePosixPath, PureWindowsPath

    try:
        archive.check_name(name, "f")
    except RejectedError:
        return
    for path in (PurePosixPath(name), PureWindowsPath(name)):
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert path.as_posix() == name
    assert not set(name) & set("\0\\: ~")


@pytest.mark.parametrize(
    "name", ["..", "a/../b", "/a", "a//b", "a/", "", ".hidden", "a\n", "a b", "é", "a" * 256, "C:x", "a/b/c/d/e/f/g"]
)
def test_names_refused(name: str) -> None:
    with pytest.raises(RejectedError):
        archive.check_name(name, "f")


@given(
    st.dictionaries(st.text(alphabet="abcdef", min_size=1, max_size=6), st.binary(max_size=50), min_size=1, max_size=6)
)
def test_zip_comes_back(files: dict[str, bytes]) -> None:
    assert archive.read_zip(archive.zip_bytes(files), "x.zip") == files


@given(
    st.dictionaries(
        st.text(alphabet="abcdef", min_size=1, max_size=6),
        st.text(alphabet="0123456789abcdef", min_size=64, max_size=64),
    )
)
def test_checksums_come_back(digests: dict[str, str]) -> None:
    assert checksums.read(checksums.write(digests), "f") == digests


@pytest.mark.parametrize(
    "text",
    ["0" * 64 + " *a\n", "0" * 64 + "  a", "0" * 64 + "  b\n" + "0" * 64 + "  a\n", "0" * 64 + "  a\n" + "0" * 64 + "  a\n",
     "0" * 63 + "  a\n", "A" * 64 + "  a\n", "0" * 64 + "  ../a\n", "0" * 64 + "  a\r\n", "\n", "0" * 64 + "  é\n"],
)  # fmt: skip
def test_checksums_refused(text: str) -> None:
    with pytest.raises(RejectedError):
        checksums.read(text.encode(), "f")


@pytest.mark.parametrize("name", ["AAA.txt", "counts/extra.csv", "notes.txt", "zzz.txt"])
@pytest.mark.parametrize("date", [(1980, 1, 1, 0, 0, 0), (2026, 11, 23, 12, 0, 0)])
def test_an_entry_that_was_added_is_named_wherever_it_stands(
    name: str, date: tuple[int, int, int, int, int, int], files: dict[str, bytes]
) -> None:
    buffer = io.BytesIO(archive.zip_bytes(files))
    with zipfile.ZipFile(buffer, "a") as target:
        target.writestr(zipfile.ZipInfo(name, date), b"mine")
    with pytest.raises(RejectedError, match=r"an unsigned entry of p\.zip") as caught:
        archive.read_zip(buffer.getvalue(), "p.zip")
    assert (caught.value.file, caught.value.code) == (name, "unexpected-file")


def test_a_zip_in_another_order_has_no_stray_entry(files: dict[str, bytes]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name in sorted(files, reverse=True):
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), files[name])
    with pytest.raises(RejectedError, match="unpack it and verify the folder") as caught:
        archive.read_zip(buffer.getvalue(), "p.zip")
    assert caught.value.code == "not-canonical"


@given(st.binary(max_size=200))
def test_ssh_signature_fits_its_message_alone(message: bytes) -> None:
    signer = sshsig.from_key(made.key())
    raw = sshsig.sign(message, signer)
    sshsig.verify(raw, message, signer.line, "f")
    with pytest.raises(RejectedError):
        sshsig.verify(raw, message + b"x", signer.line, "f")
    with pytest.raises(RejectedError):
        sshsig.verify(raw, message, signer.line, "f", namespace="file")
    with pytest.raises(RejectedError):
        sshsig.verify(raw, message, sshsig.from_key(made.key(2)).line, "f")


@given(st.binary(max_size=300))
def test_nonsense_for_an_ssh_signature(data: bytes) -> None:
    armoured = sshsig._armour(data)
    for raw in (data, armoured):
        with pytest.raises(RejectedError):
            sshsig.verify(raw, b"", sshsig.from_key(made.key()).line, "f")
