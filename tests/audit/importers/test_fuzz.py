"""Mutated input files: every importer and every reader of data sets, manifests and predictions ends in an error of its own.

`REPRO_AUDIT_FUZZ=100000` runs more of them; mutation N is the same in every run, so a failure names the one to repeat:
`REPRO_AUDIT_FUZZ_ONLY=N`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audit.cli.commands import import_
from audit.errors import AuditError
from audit.importers import IMPORTERS
from audit.importers.interface import Importer
from audit.importers.redis_fields import NAMES, Item, rows_of
from audit.importers.writer import line, write
from audit.literature.known_tasks import known_tasks as tasks
from audit.literature.set_manifest import notes
from audit.literature.sets import SetCard, card_of, load_sets
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import load
from tasks.datasets import manifest as manifests
from tasks.datasets.errors import DatasetError
from tasks.datasets.registry import READERS, Options
from tasks.datasets.registry import read as read_set
from tests.support.layouts import LAYOUTS

COUNT = int(os.environ.get("REPRO_AUDIT_FUZZ", "5000"))
ONLY = os.environ.get("REPRO_AUDIT_FUZZ_ONLY")
SEED = 16

# Bytes and texts that have broken readers: separators, quotes, escapes, invalid UTF-8, JSON that Python alone reads.
PIECES = [
    b"\x00", b"\r", b"\n", b"\r\n", b"\t", b"\\", b'"', b"'", b"[", b"]", b"{", b"}", b",", b";", b":", b"=", b"\xff",
    b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xc2\x85", b"\xef\xbb\xbf", b"\\ud800", b"\\u0000", b"NaN", b"Infinity", b"-0",
    b"1e999", b"9" * 30, b"9" * 5000, b"null", b"true", b"[]", b"{}", b'""', b"['a' 'b']", b"[" * 3000, b'{"a":' * 2000,
    b"x" * 200000, b"version https://git-lfs.github.com/spec/v1\n", b"../" * 50, b"(a) ", b"_", b"-", b"\xe2\x80\x8f", b" ",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, "", "x", "[", "['a', 'b']", '["a"', "\u2028", "\ud800", "\x00", [], {}, [""],
    [None], [[]], {"": ""}, ["a", 1], "a" * 5000, {"a": {"b": []}}, "B", "(b)", "9" * 5000, "1", "neu", "a=b; a=c",
]  # fmt: skip


def bytes_changed(raw: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        start = rng.randrange(len(raw) + 1)
        end = min(len(raw), start + rng.choice((0, 1, 1, 2, 8, 40)))
        kind = rng.randrange(5)
        if kind == 0:
            raw = raw[:start] + raw[end:]
        elif kind == 1:
            raw = raw[:start] + rng.choice(PIECES) + raw[end:]
        elif kind == 2:
            raw = raw[:start] + raw[start:end] * rng.choice((2, 3, 50)) + raw[end:]
        elif kind == 3 and raw:
            position = rng.randrange(len(raw))
            raw = raw[:position] + bytes([rng.randrange(256)]) + raw[position + 1 :]
        else:
            raw = raw[:start]
    return raw


def value_changed(value: Any, rng: random.Random) -> Any:
    """The value with one of its parts replaced, removed, repeated or renamed."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        name = rng.choice(list(value))
        changed = dict(value)
        kind = rng.randrange(4)
        if kind == 0:
            del changed[name]
        elif kind == 1:
            changed[rng.choice(("x", "", "id", "\u2028", "extra", "details"))] = changed.pop(name)
        else:
            changed[name] = value_changed(value[name], rng)
        return changed
    if isinstance(value, list) and value and rng.random() < 0.8:
        index = rng.randrange(len(value))
        kind = rng.randrange(4)
        if kind == 0:
            return value[:index] + value[index + 1 :]
        if kind == 1:
            return [*value, value[index]]
        return [*value[:index], value_changed(value[index], rng), *value[index + 1 :]]
    return rng.choice(VALUES)


def json_changed(raw: bytes, rng: random.Random) -> bytes:
    """A JSON file, or a file of JSON lines, with a value changed; the bytes changed if it is neither."""
    text = raw.decode()
    try:
        return json.dumps(value_changed(json.loads(text), rng)).encode()
    except ValueError:
        pass
    lines = text.split("\n")[:-1]
    number = rng.randrange(len(lines))
    try:
        lines[number] = json.dumps(value_changed(json.loads(lines[number]), rng))
    except ValueError:
        return bytes_changed(raw, rng)
    return "".join(f"{text}\n" for text in lines).encode()


def changed(raw: bytes, rng: random.Random) -> bytes:
    return json_changed(raw, rng) if rng.random() < 0.5 else bytes_changed(raw, rng)


@dataclass(frozen=True)
class Target:
    """Something that reads a file: its name, the file, its valid contents, and the call."""

    name: str
    file: Path
    valid: bytes
    call: Callable[[], object]

    def run(self, rng: random.Random) -> None:
        self.file.write_bytes(changed(self.valid, rng))
        try:
            self.call()
        finally:
            self.file.write_bytes(self.valid)


# What is imported: the format, the file's name, the task, its contents, and the options.
ROWS = [{"id": "a", "hypothesis": "x y</s>", "reference": "x z", "prompt": "P", "extra": {"cluster": "c"}},
        {"id": "b", "hypothesis": "[u]", "reference": "['v', \"w\"]", "finished": True, "n": 1}]  # fmt: skip
CHOICES = [{"q": "1", "out": "B", "gold": "B", "options": ["dog", "cat"]},
           {"q": "2", "out": "cat", "gold": "(a)", "options": '["cow", "cat", "dog"]'}]  # fmt: skip
LISTS = [{"id": "a", "hypothesis": "x", "one": "[Music] x", "two": "['y']", "three": ""}]
SLOTS = [{"id": "a", "hypothesis": "x", "reference": {"slot": "s", "value": "v", "transcript": "t"}}]
TABLE = 'id,hypothesis,reference,finished\r\na,"x, ""y""\nz",[Music] z,true\r\nb,u,"[\'v\', ""w""]",\r\n'
JUDGED = {"j_binary": {"judge_score": 50.0, "success_rate": 1.0, "details": [
    {"question": "q", "reference": "Sad.", "model_prediction": "Sad.", "judge_response": "Rating: 1", "rate_score": 1,
     "success": 1}] * 2}}  # fmt: skip
PAIRS = {"wer": 0.5, "sample_wer": [{"reference": "a b", "prediction": "a c", "wer": 0.5}]}
OUTPUTS = [{"text": "p", "answer": "a", "task_type": "AC", "model_prediction": "b"}] * 2
CMI = [{"question": "q", "response": "<s> r</s>", "correct_answer": ["c"], "audioid": "x.wav", "other": ""}]


LLASO = [{"voice": ["a.flac"], "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "Sad."}],
          "prediction": "Sad"}]  # fmt: skip


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def lines_of(values: list[Any]) -> bytes:
    return b"".join(dumped(value) + b"\n" for value in values)


def field(*pairs: str) -> list[str]:
    return [part for pair in pairs for part in ("--field", pair)]


IMPORTS: list[tuple[str, str, str, bytes, list[str]]] = [
    ("jsonl", "in.jsonl", "asr-librispeech-clean", lines_of(ROWS), []),
    ("jsonl", "in.json", "aac-audiocaps", dumped(ROWS), []),
    ("jsonl", "in.jsonl", "ke-inspec", lines_of(ROWS), ["--separator", ";"]),
    ("jsonl", "in.jsonl", "aac-audiocaps", lines_of(LISTS), field("reference=one", "reference=two", "reference=three")),
    ("jsonl", "in.jsonl", "osr-librimix", lines_of(LISTS), field("reference=one", "reference=two")),
    ("jsonl", "in.jsonl", "sf-slurp", lines_of(SLOTS), ["--prompt-field", "id"]),
    ("jsonl", "in.json", "sakura-animal-single", dumped(CHOICES),
     field("id=q", "hypothesis=out", "choices=options", "letter=gold")),
    ("csv", "in.csv", "aac-audiocaps", TABLE.encode(), []),
    ("csv", "in.tsv", "st-en-zh", TABLE.replace(",", "\t").encode(), []),
    ("csv", "in.csv", "asr-gigaspeech", TABLE.encode(), ["--number", "--no-quotes"]),
    ("csv", "in.csv", "sqqa-wikiqa", TABLE.encode(), field("reference.question=id", "reference.answers=reference")),
    ("audiobench", "in.json", "er-iemocap", dumped(JUDGED), []),
    ("audiobench", "in.json", "asr-librispeech-other", dumped(PAIRS), []),
    ("audiobench", "in.json", "aac-audiocaps", dumped(OUTPUTS), []),
    ("cmi-bench", "in.jsonl", "mc-musiccaps", dumped(CMI), ["--cluster-by-audio"]),
    ("llaso", "in.json", "er-iemocap", dumped(LLASO), []),
]  # fmt: skip


def test_every_importer_of_files_is_among_them() -> None:
    # Redis reads hashes, which are changed below.
    missing = {importer.name for importer in IMPORTERS} - {kind for kind, *_ in IMPORTS} - {"redis"}
    assert not missing, "add a small valid file of each format to IMPORTS, so that it is mutated"


def imports(folder: Path) -> Iterator[Target]:
    parser = argparse.ArgumentParser()
    import_.add_arguments(parser)
    for number, (kind, name, task, valid, options) in enumerate(IMPORTS):
        file = folder / f"{number}-{name}"
        common = ["--task", task, "--model", "M", "--variant", "7b"]
        args = parser.parse_args([kind, str(file), *common, *options])
        yield Target(f"import {kind} {task}", file, valid, importing(args, folder / f"out-{number}"))


def importing(args: argparse.Namespace, out: Path) -> Callable[[], object]:
    calls = [0]

    def call() -> None:
        importer: Importer = args.importer
        task = tasks()[args.task]
        found = importer.read(args, task)
        import_._languages(found, task)
        for row in found.rows:
            line(row)
        calls[0] += 1
        if calls[0] % 25 == 1:  # writing takes most of the time
            write(out, task, found.rows, PredictionMeta(task.id, "M", "7b", source=found.source), replace=True)

    return call


def data_sets(folder: Path, cards: dict[str, SetCard]) -> Iterator[Target]:
    """Every label file of every layout; audio files are looked for, not read."""
    seen = set[tuple[str, str]]()
    for task, reader in READERS.items():
        root = folder / task
        root.mkdir()
        options = LAYOUTS[reader](root)
        for path in sorted(root.rglob("*")):
            is_label = path.is_file() and path.suffix not in {".wav", ".flac", ".mp3"}
            if is_label and (reader, path.name) not in seen:
                seen.add((reader, path.name))
                yield Target(f"{task} {path.name}", path, path.read_bytes(), reading(task, root, options, cards))


def reading(task: str, root: Path, options: Options, cards: dict[str, SetCard]) -> Callable[[], object]:
    def call() -> None:
        found = read_set(task, root, options)
        found.text()
        notes(found, card_of(tasks()[task], cards))

    return call


def files(folder: Path) -> Iterator[Target]:
    """Manifests and prediction files."""
    root = folder / "m"
    LAYOUTS["slurp"](root)
    manifest = folder / "manifest.jsonl"
    text = manifests.with_hashes(read_set("sf-slurp", root, Options())).text()
    yield Target("manifest", manifest, text.encode(), lambda: manifests.read(manifest))
    for task, rows in (("asr-librispeech-clean", ROWS[:1]), ("sf-slurp", SLOTS)):
        path = folder / f"{task}.jsonl"
        meta = dumped({"schema": "repro-audit/predictions/1", "task": task, "model": "M", "variant": "7b",
                       "dataset": {"name": "d", "split": None}, "decoding": {"beams": 4}})  # fmt: skip
        path.write_bytes(lines_of(rows))
        path.with_suffix(".meta.json").write_bytes(meta)
        for file in (path, path.with_suffix(".meta.json")):
            yield Target(f"predictions {file.name}", file, file.read_bytes(), loading(path, task))


def loading(path: Path, task: str) -> Callable[[], object]:
    return lambda: load(path, tasks()[task])


HASH = {"infer": "date=a; time=b", "status": "done", "sentence": "s", "translation": "t", "caption": "c", "text": "AA0",
        "emotion": "neu", "keyphrases": "a; b", "ans1": "x", "ans2": "y", "question": "q", "answer": "a; b",
        "slots": "date=x; time=y", "transcript": "t"}  # fmt: skip


def hashes(rng: random.Random) -> None:
    """A hash of a Redis queue; starting a server for every mutated dump would test the server."""
    task = rng.choice([task for task in tasks().values() if task.id in NAMES])
    fields = dict(HASH)
    for _ in range(rng.choice((1, 2, 3))):
        name = rng.choice(list(fields))
        texts = ("", "x", "; ", "=", "a=b", "date=" * 40, "date=a; " * 300, "\u2028", "exc", "xxx", "(b)", "\x00")
        if rng.random() < 0.3:
            del fields[name]
        else:
            fields[name] = rng.choice(texts) + (fields[name] if rng.random() < 0.5 else "")
    constant = rng.choice((None, None, "yes", ""))
    rows_of(
        Item(f"task_n:{rng.randrange(9)}", fields), task, "n", rng.choice((None, "text")), constant,
        prompt_field=rng.choice((None, "text", "none")),
    )  # fmt: skip


def test_no_mutation_ends_in_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # nothing of this has to survive a power failure
    for name in ("imports", "sets", "files"):
        (tmp_path / name).mkdir()
    targets = [*imports(tmp_path / "imports"), *data_sets(tmp_path / "sets", load_sets()), *files(tmp_path / "files")]
    ends = Counter[str]()
    for number in [int(ONLY)] if ONLY else range(COUNT):
        rng = random.Random(f"{SEED}:{number}")
        target = rng.choice([None, *targets])
        name = "redis hash" if target is None else target.name
        try:
            hashes(rng) if target is None else target.run(rng)
            ends["read"] += 1
        except (AuditError, DatasetError) as error:
            ends[type(error).__name__ if str(error) else "without words"] += 1
        except Exception:  # noqa: BLE001
            pytest.fail(f"mutation {number} of {name} ends in a traceback:\n{traceback.format_exc()[-3000:]}")
    with capsys.disabled(), suppress(OSError):
        if COUNT > 5000:
            print(f"\n{COUNT} mutations of {len(targets) + 1} targets: {dict(ends)}")
    assert not ends["without words"]
    if not ONLY:
        # The mutations reach behind the first check: many are read, and many are refused.
        assert min(ends["read"], ends["InputError"], ends["DatasetError"]) > COUNT // 20
