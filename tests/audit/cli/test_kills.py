"""A kill before any change of a command's folders: old or new, never mixed or lost, and the next run makes it whole.

With REPRO_AUDIT_KILLS=1, before every change; otherwise before every twelfth of `run`, and every 29th of `package`.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.document.read import load_document
from audit.errors import InputError
from audit.literature.known_tasks import known_tasks
from audit.provenance.errors import RejectedError
from audit.provenance.records import count_files
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify
from audit.scoring.predictions import load
from tests.support import run_files
from tests.support.judge.helpers import FakeServer, questions, write_rows
from tests.support.paths import ROOT

pytestmark = pytest.mark.slow
EVERY = 1 if os.environ.get("REPRO_AUDIT_KILLS") else 12
TASK, SPEECH = "harbour-asr", "asr-librispeech-clean"


def killed(tmp_path: Path, template: Path, argv: list[str], *under: str, **case: Any) -> Iterator[tuple[Path, Path]]:
    """The place after each kill, and after the command ran once more; the last pair is the undisturbed run, twice."""
    states = tmp_path / "states"
    case |= {
        "argv": argv,
        "place": str(tmp_path / "place"),
        "template": str(template),
        "under": under,
        "states": str(states),
    }
    (tmp_path / "case.json").write_text(json.dumps(case), "utf-8")
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": "1700000000",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
    }
    environment |= {"XDG_CACHE_HOME": str(tmp_path / "place" / "cache")}
    command = [sys.executable, "-W", "ignore", "-m", "tests.support.killed", str(tmp_path / "case.json")]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = sorted((path for path in states.iterdir() if path.name != "whole"), key=lambda path: int(path.name))
    assert len(found) > (2 if case.get("every", 1) < 100 else 0)
    for state in found:
        yield state / "killed", state / "again"
    yield states / "whole", states / "whole"


def files(folder: Path) -> dict[str, str]:
    """The files below a folder and their hashes."""
    return {
        path.relative_to(folder).as_posix(): digest_of(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def hidden(folder: Path) -> list[str]:
    """What a run leaves that it should have swept."""
    return [path.name for path in folder.rglob(".*") if path.suffix in {".tmp", ".new", ".old"}]


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A study, an empty literature, and the outputs of two models."""
    folder = tmp_path / "template"
    (folder / "literature").mkdir(parents=True)
    (folder / "study.yaml").write_bytes((ROOT / "docs/tutorial/real-model/study.yaml").read_bytes())
    for name, seed in (("one", 1), ("two", 2)):
        run_files.write(folder / name, TASK, run_files.speech(12, seed), variant="released", model="Whisper base")
    return folder


def command(template: Path, *argv: str) -> None:
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": "1700000000",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "audit", *argv],
        cwd=template,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


RUN = ["run", "--literature", "literature", "--no-outputs", "--replicates", "0", "--workers", "1", "--out", "out"]


def test_run(template: Path, tmp_path: Path) -> None:
    argv = [*RUN, "--format", "answers,html,csv,tex", "--no-package"]
    command(template, *argv, "--predictions", "one")
    old = files(template / "out")
    states = list(killed(tmp_path, template, [*argv, "--predictions", "two"], "out", "cache", every=EVERY))
    new = files(states[-1][0] / "out")
    assert set(old) == set(new)
    assert old["audit.json"] != new["audit.json"]
    mixed = 0
    for after, again in states:
        found = {name: digest for name, digest in files(after / "out").items() if not name.startswith(".")}
        for name, digest in found.items():
            assert digest in {old[name], new[name]}, name
        for folder in ("counts/", "literature/"):
            part = {name: digest for name, digest in found.items() if name.startswith(folder)}
            assert part in [{n: d for n, d in whole.items() if n.startswith(folder)} for whole in (old, new)]
        assert files(again / "out") == new
        assert not hidden(again / "out")
        # Values of one run beside counts of the other are told apart.
        counts = {name: (after / "out" / name).read_bytes() for name in found if name.startswith("counts/")}
        of_new = found["counts/harbour-asr/wer/verbatim.csv"] == new["counts/harbour-asr/wer/verbatim.csv"]
        audit = load_document(after / "out" / "audit.json")
        if (found["audit.json"] == new["audit.json"]) != of_new:
            mixed += 1
            with pytest.raises(RejectedError):
                count_files.check(counts, audit)
        else:
            assert count_files.check(counts, audit) == len(counts)
    assert mixed


@pytest.mark.pdf
def test_package(template: Path, tmp_path: Path) -> None:
    command(template, *RUN, "--predictions", "two")
    old = verify(template / "out" / "package", Trust())
    assert old.intact, old.as_text()
    argv = ["package", "out"]
    # Most states have the old package or the new one, whose bytes are the same each time.
    seen: set[tuple[tuple[str, str], ...]] = set()
    # Most changes are files of the new folder, one like the other.
    for after, again in killed(tmp_path, template, argv, "out", "cache", every=EVERY if EVERY == 1 else 29):
        for folder in (after, again):
            for kind in ("package", "package.zip"):
                path = folder / "out" / kind
                content = ((kind, digest_of(path)),) if path.is_file() else tuple(files(path).items())
                if content in seen:
                    continue
                seen.add(content)
                report = verify(path, Trust())
                assert report.intact, report.as_text()
        assert not hidden(again / "out")


def test_import_replace(template: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        rows = [json.loads(line) for line in (template / name / f"{TASK}.jsonl").read_text("utf-8").splitlines()]
        lines = "".join(f"{row['id']}\t{row['hypothesis']}\t{row['reference']}\n" for row in rows)
        (template / f"{name}.tsv").write_text("id\thypothesis\treference\n" + lines, "utf-8")

    def argv(name: str) -> list[str]:
        return ["import", "csv", f"{name}.tsv", "--task", SPEECH, "--model", f"model {name}", "--variant", "7b",
                "--out", "predictions", "--replace"]  # fmt: skip

    command(template, *argv("one"))
    texts = {
        f"model {name}": [row["hypothesis"] for row in run_files.speech(12, seed)]
        for name, seed in (("one", 1), ("two", 2))
    }
    seen, task = set(), known_tasks()[SPEECH]
    for after, again in killed(tmp_path, template, argv("two"), "predictions"):
        try:
            found = load(after / "predictions" / f"{SPEECH}.jsonl", task)
        except InputError as error:
            seen.add("refused" if "SHA-256" in str(error) or "rows_sha256" in str(error) else str(error))
        else:
            # No model is credited with the rows of the other.
            assert [row.hypothesis for row in found.rows] == texts[found.meta.model]
            seen.add(found.meta.model)
        assert load(again / "predictions" / f"{SPEECH}.jsonl", task).meta.model == "model two"
        assert not hidden(again / "predictions")
    assert {"model one", "model two"} <= seen <= {"model one", "model two", "refused"}


def test_judge(tmp_path: Path) -> None:
    template = tmp_path / "template"
    write_rows(template / "predictions", questions(6))
    server = FakeServer()
    try:
        argv = ["judge", "run", "--task", "sqqa-wikiqa", "--convention", "paper-judge", "--predictions", "predictions",
                "--model", "tiny-judge", "--base-url", server.url, "--retry-wait", "0.002"]  # fmt: skip
        states = list(killed(tmp_path, template, argv, "predictions", "cache"))
    finally:
        server.stop()
    # Replies are kept in the order in which they come.
    cache = "judge-cache/replies.jsonl"
    new = files(states[-1][0] / "predictions")
    for after, again in states:
        for name, digest in files(after / "predictions").items():
            assert name.rpartition("/")[2].startswith(".") or name == cache or digest == new[name], name
        found = files(again / "predictions")
        assert found | {cache: ""} == new | {cache: ""}
        kept = [json.loads(line) for line in (again / "predictions" / cache).read_text("utf-8").splitlines()]
        answered = [record["key"] for record in kept if "reply" in record]
        assert len(set(answered)) == len(answered) == 6
        assert not hidden(again / "predictions")


def test_infer_and_merge(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    numpy = pytest.importorskip("numpy")
    from tests.support.inference import made_engine

    template = tmp_path / "template"
    (template / "clips").mkdir(parents=True)
    lines = ["file_name,reference"]
    for number in range(4):
        soundfile.write(template / "clips" / f"c{number}.wav", numpy.full(4000 * (number + 1), 0.1), 16000)
        lines.append(f"c{number}.wav,some words")
    (template / "clips" / "metadata.csv").write_text("\n".join(lines) + "\n", "utf-8")
    (template / "study.yaml").write_bytes((ROOT / "docs/tutorial/real-model/study.yaml").read_bytes())
    made_engine.write(template)
    infer = ["infer", "--task", TASK, "--model", "model.yaml", "--data", "clips"]
    (tmp_path / "whole").mkdir()
    states = list(killed(tmp_path / "whole", template, [*infer, "--out", "p"], "p", made_engine=True))
    new = (states[-1][0] / "p" / f"{TASK}.jsonl").read_bytes()
    for after, again in states:
        path = after / "p" / f"{TASK}.jsonl"
        assert not path.exists() or path.read_bytes() == new
        assert (again / "p" / f"{TASK}.jsonl").read_bytes() == new
        assert not list((again / "p").glob(".*.tmp"))
    for k in (1, 2):
        (tmp_path / f"shard{k}").mkdir()
        shard = [*infer, "--out", f"p{k}", "--shard", f"{k}/2"]
        *_, (last, _) = killed(tmp_path / f"shard{k}", template, shard, f"p{k}", made_engine=True, every=1000)
        (last / f"p{k}").rename(template / f"p{k}")
    (tmp_path / "merge").mkdir()
    merge = ["merge", "p1", "p2", "--task", TASK, "--out", "merged"]
    for after, again in killed(tmp_path / "merge", template, merge, "merged", made_engine=True):
        path = after / "merged" / f"{TASK}.jsonl"
        assert not path.exists() or path.read_bytes() == new
        assert (again / "merged" / f"{TASK}.jsonl").read_bytes() == new
        assert not hidden(again / "merged")
