"""The cut table of paraphrases: what it holds, and that METEOR's statistics are those of the whole table."""

from __future__ import annotations

import gzip
import io
import os
import random
from pathlib import Path

import pytest

from tasks.backends import paraphrases
from tasks.backends.java import PACKAGE, JavaChild, jar
from tasks.backends.meteor_jar import JAR as METEOR
from tasks.backends.meteor_jar import OPTIONS, PARAPHRASES, SETTINGS
from tasks.backends.paraphrases import PATH_VARIABLE, Index, cut, folder, index, make, readings
from tasks.backends.user_cache import OFF
from tasks.metrics.meteor import meteor_line, meteor_unavailable
from tasks.step import digest

needs_java = pytest.mark.skipif(meteor_unavailable() is not None, reason=str(meteor_unavailable()))
# `nox -s long` compares more pairs.
PAIRS = int(os.environ.get("REPRO_AUDIT_METEOR_PAIRS", "1000"))
TABLE = [
    ("a dog", "the hound"),
    ("barks", "is barking"),
    ("a dog", "a hound"),
    ("us", "america"),
    ("don 't", "do not"),
    ("a dog", "hound"),
    (",", "and"),
]
IDENTITY = "0" * 64


def write(path: Path, pairs: list[tuple[str, str]]) -> Path:
    path.write_bytes(gzip.compress("".join(f"0.5\n{one}\n{other}\n" for one, other in pairs).encode()))
    return path


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(PATH_VARIABLE, str(tmp_path / "kept"))
    return write(tmp_path / "table.gz", TABLE)


def pairs_of(table: Path, outputs: list[str], captions: list[str]) -> list[tuple[str, str]] | None:
    """The pairs of the cut table."""
    file = io.BytesIO()
    if not cut(table, IDENTITY, outputs, captions, file):
        return None
    lines = gzip.decompress(file.getvalue()).decode().split("\n")
    return list(zip(lines[1::3], lines[2::3], strict=True))


def test_pairs_with_a_phrase_on_each_side_stay_in_order(table: Path) -> None:
    hounds = [("a dog", "the hound"), ("a dog", "a hound"), ("a dog", "hound")]
    for outputs, captions in ((["A dog runs"], ["the hound"]), (["the hound"], ["a dog"])):
        assert pairs_of(table, outputs, captions) == [hounds[0], hounds[2]]
    assert pairs_of(table, ["a dog"], ["the hound and a hound"]) == [(",", "and"), *hounds]
    # Both phrases on one side, words apart, and a phrase that goes from one text to the next.
    assert pairs_of(table, ["a dog", "the hound"], ["rain"]) == []
    assert pairs_of(table, ["a brown dog"], ["the hound"]) == []
    assert pairs_of(table, ["a", "dog"], ["the hound"]) == []
    assert pairs_of(table, [], []) == []


def test_many_pairs_of_a_phrase_stay_in_order(tmp_path: Path) -> None:
    numbers = list(range(2000))
    random.Random(1).shuffle(numbers)
    pairs = [(f"p{number % 3}", f"q{number}") for number in numbers]
    found = make(write(tmp_path / "many.gz", pairs)).pairs([" ".join(f"p{n} ." for n in range(3))], [
        " ".join(f"q{number}" for number in numbers)
    ])  # fmt: skip
    for first in (b"p0", b"p1", b"p2"):
        assert [pair for pair in found or () if pair[0] == first] == [
            (one.encode(), other.encode()) for one, other in pairs if one.encode() == first
        ]


def test_punctuation_splits_and_joins(table: Path) -> None:
    assert pairs_of(table, ["we don't"], ["do not"]) == [("don 't", "do not")]
    assert pairs_of(table, ["in the U.S., now"], ["america"]) == [("us", "america")]
    assert pairs_of(table, ["in the u.s now"], ["america"]) == []


def test_readings() -> None:
    assert readings("A well-known dog's 3.5 caf\u00e9") == [[b"a", b"well", b"known", b"dog", b"s", b"3", b"5", b"caf"]]
    assert readings("e.g. u.s.") == [
        [b"e", b"g", b"u", b"s"], [b"e", b"g", b"us"], [b"eg", b"u", b"s"], [b"eg", b"us"]
    ]  # fmt: skip
    assert readings("") == [[]]
    assert len(readings("a.b. " * 4) or ()) == 16
    for text in ("a.b. " * 5, "DOTMULTI", "\u212aelvin", "\u0130"):
        assert readings(text) is None


def test_a_text_that_cannot_be_read_needs_the_whole_table(table: Path) -> None:
    assert pairs_of(table, ["\u212aelvin"], ["a dog"]) is None
    assert pairs_of(table, ["a dog"], ["DOTMULTI"]) is None


def test_the_index_is_made_once(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = index(table, IDENTITY)
    assert first is not None
    assert first.longest == 2
    [kept] = (table.parent / "kept").iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    assert kept.parent.stat().st_mode & 0o077 == 0
    monkeypatch.setattr(paraphrases, "make", None)
    again = index(table, IDENTITY)
    assert again is not None
    for name in Index.__slots__:
        assert (getattr(again, name) == getattr(first, name)).all() if name != "longest" else again.longest == 2


@pytest.mark.parametrize("at", range(0, 100, 3))
def test_a_damaged_index_is_made_again(table: Path, at: int) -> None:
    before = pairs_of(table, ["a dog"], ["the hound"])
    [kept] = (table.parent / "kept").iterdir()
    raw = bytearray(kept.read_bytes())
    raw[len(raw) * at // 100] ^= 0x55
    kept.write_bytes(raw)
    assert pairs_of(table, ["a dog"], ["the hound"]) == before
    kept.write_bytes(raw[: len(raw) * at // 100])
    assert pairs_of(table, ["a dog"], ["the hound"]) == before
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_an_index_of_another_table_is_not_taken(table: Path) -> None:
    assert index(table, IDENTITY) is not None
    [kept] = (table.parent / "kept").iterdir()
    other = write(table.with_name("other.gz"), [("a dog", "the cat")])
    identity = IDENTITY[:-1] + "1"
    assert kept.name.endswith(f"{identity[:16]}.npz")
    found = index(other, identity)
    assert found is not None
    assert found.pairs(["a dog"], ["the cat"]) == [(b"a dog", b"the cat")]


def test_what_a_killed_run_left_is_swept_after_an_hour(table: Path) -> None:
    kept = table.parent / "kept"
    kept.mkdir(mode=0o700)
    old, young = kept / ".paraphrases-1-0.npz.a.tmp", kept / ".paraphrases-1-0.npz.b.tmp"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert index(table, IDENTITY) is not None
    assert not old.exists()
    assert young.exists()


def test_a_run_that_stops_while_it_makes_the_index_leaves_none(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(paraphrases.np, "savez", stopped)
    with pytest.raises(KeyboardInterrupt):
        index(table, IDENTITY)
    assert list((table.parent / "kept").iterdir()) == []


def test_where_no_index_can_be_kept_the_whole_table_is_used(
    table: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paraphrases, "make", None)  # not even tried
    (tmp_path / "file").touch()
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    for place in (OFF, str(tmp_path / "file"), str(open_to_all)):
        monkeypatch.setenv(PATH_VARIABLE, place)
        assert pairs_of(table, ["a dog"], ["the hound"]) is None
    monkeypatch.delenv(PATH_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert folder() == tmp_path / "repro-audit" / "meteor"


@pytest.mark.parametrize(
    "raw",
    [
        b"no gzip",
        gzip.compress(b"0.5\na\nb\n0.5\nc", mtime=0),
        gzip.compress(b"0.5\na\rc\nb\n", mtime=0),
        gzip.compress(b"0\na\nb\n", mtime=0)[:-9],
    ],
)
def test_a_table_that_cannot_be_read_leaves_nothing(table: Path, raw: bytes) -> None:
    table.write_bytes(raw)
    assert index(table, IDENTITY) is None
    assert list((table.parent / "kept").iterdir()) == []


def test_a_table_in_several_pieces(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sides = [one for one, _ in TABLE], [other for _, other in TABLE]
    whole = make(table).pairs(*sides)
    assert sorted(whole or ()) == sorted((one.encode(), other.encode()) for one, other in TABLE)
    for size in (1, 7, 50):
        monkeypatch.setattr(paraphrases, "_CHUNK", size)
        assert make(table).pairs(*sides) == whole
    monkeypatch.setattr(paraphrases, "_BLOCK", 1)
    assert pairs_of(table, ["a", "a dog"], ["barks", "the hound", "hound"]) == [
        ("a dog", "the hound"),
        ("a dog", "hound"),
    ]


def texts(draw: random.Random) -> list[str]:
    """Texts of phrases that METEOR's table holds, of their words, and of punctuation that METEOR changes."""
    known = index(jar(PARAPHRASES), digest(f"file:{PACKAGE}/{PARAPHRASES}"))
    if known is None:
        pytest.skip("no index of METEOR's table can be kept here")
    marks = ["u.s.", "e.g.,", "don't", "dog's", "3.5", "1,000.", "...", "..", "-", "--", "'", "`", "\u2019", "\u201cx\u201d",
             "\u2013", "p.m.", "Mr.", "caf\u00e9", "\u4e2d", "&quot;", "well-known", "(", ")", "U.S.A.", "9's"]  # fmt: skip
    found = []
    for _ in range(PAIRS):
        at = draw.randrange(len(known.firsts))
        second = draw.randrange(int(known.starts[at]), int(known.starts[at + 1]))
        pair = [*known._phrases(known.firsts[[at]]), *known._phrases(known.seconds[[second]])]
        for phrase in pair:
            words = phrase.decode(errors="replace").split()
            words += [draw.choice(["a", "the", "dog", "dogs", "is", *marks]) for _ in range(draw.randrange(5))]
            draw.shuffle(words) if draw.random() < 0.3 else None
            joined = "".join(word + draw.choice([" ", " ", " ", "", "."]) for word in words)
            found.append(joined.replace("|||", "").replace("\r", ""))
    return found


@needs_java
@pytest.mark.slow
@pytest.mark.java
def test_statistics_are_those_of_the_whole_table(tmp_path: Path) -> None:
    said = texts(random.Random(5))
    outputs, captions = said[0::2], said[1::2]
    lines = [meteor_line(output, [caption]) for output, caption in zip(outputs, captions, strict=True)]
    lines += [meteor_line(output, captions[at : at + 3]) for at, output in enumerate(outputs[: PAIRS // 4])]
    path = tmp_path / "cut.gz"
    with path.open("wb") as file:
        assert cut(jar(PARAPHRASES), digest(f"file:{PACKAGE}/{PARAPHRASES}"), outputs, captions, file)
    answers = []
    for other in ((), ("-a", str(path))):
        child = JavaChild("METEOR", (*SETTINGS, "-jar", str(jar(METEOR)), *OPTIONS, *other))
        answers.append(child.ask(lines))
        child.close()
    assert answers[0] == answers[1]
    # Otherwise the table would not have been read at all: matches by paraphrases are columns 17 to 20.
    assert sum(answer.split()[16:20] != ["0.0"] * 4 for answer in answers[1]) > PAIRS // 10
