"""Replacing identities by neutral names, the wider search for what is left, and commitments."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import zlib
from dataclasses import replace

import pytest

from audit.provenance.blinding.commitments import Sealed, commitment, from_json, seal
from audit.provenance.blinding.leaks import Search
from audit.provenance.blinding.names import Identity, Names

COMMIT = "d1ce5ca1ab1e0ddba11c0ffee15badc0ffee0ddf"
IDENTITIES = (
    Identity("record", "labx", "team"),
    Identity("person", "\u00c5sa Lindqvist", "team-member-1"),
    Identity("person", "Kim Minjun", "team-member-2"),
    Identity("institution", "Institute of Spoken Language", "team-institution"),
    Identity("repository", "labx-org/salmonn-rerun", "team-owner/team-repository"),
    Identity("owner", "labx-org", "team-owner"),
    Identity("commit", COMMIT, "1".zfill(40)),
    Identity("file", "eval/count_words.py", "team-file-1"),
    Identity("given", "\ubd81\ud574\uc5f0\uad6c\uc18c", "withheld-1"),
    Identity("user", "minjun_k", "user"),
    Identity("path", "/home/minjun_k/runs", "path-1"),
)


@pytest.mark.parametrize(
    ("text", "neutral"),
    [
        ("labx", "team"),
        ("As labx-char-finished, by LABX and Labx", "As team-char-finished, by TEAM and Team"),
        ("relabx labxs labxy", "relabx labxs labxy"),
        ("hyp:labx-unwrap,x", "hyp:team-unwrap,x"),
        ("\u00c5sa Lindqvist and Asa Lindqvist", "team-member-1 and team-member-1"),
        ("A\u030asa Lindqvist; Lindqvist, \u00c5sa", "team-member-1; team-member-1"),
        ("\u00c5. Lindqvist, A.Lindqvist, Lindqvist, A.", "team-member-1, team-member-1, team-member-1"),
        ("Minjun Kim, M. Kim, kim-minjun, KimMinjun", "team-member-2, team-member-2, team-member-2, team-member-2"),
        ("kim and minjun apart", "kim and minjun apart"),
        ("# the Institute\n    # of Spoken\n  Language", "# the team-institution"),
        ("https://github.com/labx-org/salmonn-rerun/x", "https://github.com/team-owner/team-repository/x"),
        ("labx-org/other", "team-owner/other"),
        (f"at {COMMIT}, {COMMIT[:8]} and {COMMIT[:7]}", f"at {'1'.zfill(40)}, 00000000 and 0000000"),
        (COMMIT[:6], COMMIT[:6]),
        (f"f{COMMIT}", f"f{COMMIT}"),
        ("eval/count_words.py line 3", "team-file-1 line 3"),
        ("\ubd81\ud574\uc5f0\uad6c\uc18c\ub294", "withheld-1\ub294"),
        ("in /home/minjun_k/runs/a", "in path-1/a"),
        ("nothing here", "nothing here"),
        ("", ""),
    ],
)
def test_neutral_names(text: str, neutral: str) -> None:
    names = Names(IDENTITIES)
    assert names.text(text) == neutral
    assert names.text(neutral) == neutral
    assert names.holds(text) == (text != neutral)


def test_json_and_files() -> None:
    names = Names(IDENTITIES)
    assert names.json({"labx": ["x", {"a": "by LABX", "n": 1, "z": None}]}) == {
        "team": ["x", {"a": "by TEAM", "n": 1, "z": None}]
    }
    assert names.bytes("\u00c5sa Lindqvist\n".encode()) == b"team-member-1\n"
    assert {one.name for one in names.used} == {"team", "team-member-1"}


def test_fields_keep_their_names() -> None:
    names = Names([Identity("given", "claims", "withheld-1")], {"claims"})
    assert names.json({"claims": ["all claims"], "our claims": 1}) == {
        "claims": ["all withheld-1"],
        "our withheld-1": 1,
    }


def test_the_order_of_identities_does_not_matter() -> None:
    text = "labx-org/salmonn-rerun by labx in /home/minjun_k/runs by minjun_k"
    assert Names(IDENTITIES).text(text) == Names(IDENTITIES[::-1]).text(text)


HIDDEN = {
    "in a longer word": b"TeamLABX's labx2025 and labx_v2",
    "spelt out": b"the L. A. B. X. group",
    "with a soft hyphen": "la\u00adbx".encode(),
    "in full-width letters": "\uff4c\uff41\uff42\uff58".encode(),
    "without its accents": b"asa lindqvist",
    "in one word": b"AsaLindqvist@example.org",
    "behind tags": b"<p>Institute <b>of</b>\n<i>Spoken</i> Lang&#117;age</p>",
    "in a URL": b"?q=Institute%20of%20Spoken%20Language",
    "in escapes of JSON": b'"\\u00c5sa Lindqvist"',
    "in LaTeX": b"eval/count\\_words.py",
    "in base64": base64.b64encode(b"{" + b"x" * 40 + b"by labx}"),
    "in base64 in base64": base64.b64encode(base64.b64encode(b"y" * 50 + b" labx-org/salmonn-rerun ")),
    "as a short commit": COMMIT[:7].encode(),
    "as the start of a path": b"/home/minjun_k/runs/2",
    "as anybody's home": b"see /home/somebody/x",
    "in UTF-16": "labx \ubd81\ud574\uc5f0\uad6c\uc18c".encode("utf-16-be"),
    "in bytes": b"\x00\xff\xfe labx \x80",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_what_is_wrapped_is_found(how: str) -> None:
    (leak, *_) = Search(IDENTITIES).in_files({"a.txt": HIDDEN[how]})
    assert leak.file == "a.txt"
    assert leak.around


def png(note: bytes, pixels: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)

    return b"\x89PNG\r\n\x1a\n" + chunk(*note.split(b"|", 1)) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


NOTES = (
    b"tEXt|Author\0labx",
    b"tEXt|A\0drawn by labx",
    b"iTXt|A\0\0\0\0\0labx",
    b"zTXt|Author\0\0" + zlib.compress(b"by labx"),
)


@pytest.mark.parametrize("note", NOTES)
def test_notes_of_pictures_are_searched(note: bytes) -> None:
    pixels = random.Random(1).randbytes(60_000)
    assert Search(IDENTITIES).in_files({"slide.png": png(note, pixels)})
    assert not Search(IDENTITIES).in_files({"slide.png": png(b"tEXt|Author\0nobody", pixels)})


def test_letters_in_compressed_bytes_are_no_name() -> None:
    pixels = random.Random(1).randbytes(60_000)
    by_chance = pixels[:30_000] + b"\xfe labx \x03" + pixels[30_000:]
    assert not Search(IDENTITIES).in_files({"slide.png": png(b"tEXt|A\0b", by_chance)})
    assert not Search(IDENTITIES).in_files({"a.bin": by_chance})
    assert Search(IDENTITIES).in_files({"a.bin": pixels + b"\x02made by labx\x03"})


def test_names_of_files_are_searched() -> None:
    (leak,) = Search(IDENTITIES).in_files({"counts/x/labx-finished.csv": b"id\n"})
    assert (leak.place, leak.identity.value) == ("its name", "labx")


@pytest.mark.parametrize(
    "text",
    [
        "relabxed collabxy",
        "a Kim, and another Min jun",
        "an institute of spoken languages",
        "count_words.pyc recount_words.py",
        COMMIT[:6],
        hashlib.sha256(b"x").hexdigest(),
        base64.b64encode(hashlib.sha512(b"x").digest()).decode(),
        "usr/home",
    ],
)
def test_other_words_are_not_found(text: str) -> None:
    found = Search(IDENTITIES).in_files({"a": text.encode()})
    assert found == []


def test_every_spelling_that_is_replaced_is_one_that_is_searched_for() -> None:
    """The search is the wider of the two."""
    search = Search(IDENTITIES)
    assert search.in_files({"a": b"minjun_k"})
    for text in ("labx", "LABX-char", "Lindqvist, A.", "M. Kim", "labx-org/x", COMMIT[:9]):
        assert Names(IDENTITIES).holds(text)
        assert search.in_files({"a": text.encode()})


def test_a_commitment_by_its_formula() -> None:
    salt = bytes(range(32))
    data = (
        b"repro-audit/sealed/1\x00"
        + salt
        + json.dumps(["person", "team-member-1", "A"], separators=(",", ":")).encode()
    )
    assert commitment("person", "team-member-1", "A", salt) == hashlib.sha256(data).hexdigest()


def test_a_commitment_binds_every_part() -> None:
    one = seal("person", "team-member-1", "A", b"s" * 32)
    others = [
        replace(one, kind="owner"), replace(one, name="team-member-2"), replace(one, value="B"), replace(one, salt=bytes(32)),
        # The parts are not merely joined.
        replace(one, kind="person team-member-1", name="A", value=""),
    ]  # fmt: skip
    assert len({item.commitment for item in (one, *others)}) == 6


def test_salts_are_secret_and_different() -> None:
    secret = b"k" * 32
    sealed = [seal("person", f"team-member-{n}", "A", secret) for n in range(3)]
    assert len({one.salt for one in sealed}) == 3
    assert all(len(one.salt) == 32 for one in sealed)
    assert sealed == [seal("person", f"team-member-{n}", "A", secret) for n in range(3)]
    assert seal("person", "team-member-0", "A", b"j" * 32).salt != sealed[0].salt
    # An opened salt is of no use for another value.
    assert sealed[0].salt != hmac.digest(sealed[1].salt, b"", "sha256")
    assert "A" not in json.dumps(sealed[0].public())


def test_what_is_opened_is_read_again() -> None:
    one = seal("person", "x", "A", b"s" * 32)
    assert from_json(one.opened()) == one
    for broken in (
        {**one.opened(), "salt": "00"},
        {**one.opened(), "salt": one.salt.hex().upper()},
        {**one.opened(), "x": ""},
    ):
        with pytest.raises(ValueError, match=r"salt|not kind"):
            from_json(broken)
    with pytest.raises(KeyError):
        from_json({"kind": "x"})
    with pytest.raises(ValueError, match="not kind"):
        from_json({**one.opened(), "value": 1})
    assert isinstance(one, Sealed)
