"""A convention's identity: its signature, and its hash over the code and the data that decide the number."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from audit.literature.known_tasks import conventions_of as conventions
from audit.literature.known_tasks import known_tasks as tasks
from tasks import convention as convention_module
from tasks import step as step_module
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.rows import RULES, VIEWS
from tasks.catalogue.steps import STEPS
from tasks.convention import HYPOTHESIS, Convention, Selection, View, first_failed
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate
from tasks.metrics.following import NotTranscribed
from tasks.metrics.metric import Metric
from tasks.metrics.permutation import PermutationErrorRate
from tasks.row import Row
from tasks.step import Step, digest, step, version_of
from tasks.steps.normalise.simple import LOWER, lower
from tests.support.paths import ROOT

KNOWN = conventions()
TASKS = tasks()
# Works that count in the same way: the chains are equal on purpose, so that each can be named by who uses it.
EQUAL = {
    ("asr", "wer"): [{"qwen2-audio", "lmms-eval"}, {"verbatim", "audiobench-stored"}],
    ("translation", "bleu"): [{"covost2", "sacrebleu-13a", "qwen2-audio"}],
    ("captioning", "meteor"): [{"coco", "aac-metrics"}],
    ("captioning", "spider"): [{"coco", "aac-metrics"}, {"coco-one", "slam-llm"}],
    ("multiple-choice", "accuracy"): [{"mmau-v1", "mmar"}],
}


def test_signatures_are_unique_but_for_conventions_equal_on_purpose() -> None:
    """Of every task, also those of studies to come."""
    groups: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for (task, metric, name), convention in KNOWN.items():
        # One that is never available has no chain to tell it from another.
        if convention.hypothesis or convention.reference or not convention.unavailable():
            groups[task, metric, convention.signature].add(name)
    equal = {
        (TASKS[task].family, metric, frozenset(names)) for (task, metric, _), names in groups.items() if len(names) > 1
    }
    unknown = [
        (family, metric, sorted(names))
        for family, metric, names in equal
        if not any(names <= allowed for allowed in EQUAL.get((family, metric), ()))
    ]
    assert unknown == [], "two conventions count in the same way: remove one, or name both in EQUAL"
    assert len(equal) >= 4


def test_one_hash_a_signature() -> None:
    hashes: dict[str, set[str]] = defaultdict(set)
    for convention in KNOWN.values():
        hashes[convention.signature].add(convention.hash)
    # Unavailable conventions share a bare signature and may differ in what they would need.
    assert [s for s, found in hashes.items() if len(found) > 1 and "|hyp:raw|ref:raw|" not in s] == []
    assert all(len(h) == 64 for found in hashes.values() for h in found)


def test_a_name_and_version_is_one_step() -> None:
    """Work done for a step serves every step of its name and version, so they must be the same code."""
    found: dict[tuple[str, str], set[object]] = defaultdict(set)
    steps = [item for convention in KNOWN.values() for item in (*convention.hypothesis, *convention.reference)]
    for item in (*steps, *(one.step for one in STEPS.values())):
        found[item.name, item.version].add((item.kind, item.sources))
    assert [key for key, value in found.items() if len(value) > 1] == []


def test_a_name_is_one_rule_and_one_view() -> None:
    rules: dict[tuple[str, str], set[object]] = defaultdict(set)
    for convention in KNOWN.values():
        for rule in convention.select:
            rules["rule " + rule.name, rule.version].add((rule.keep, rule.reason))
        for view in (convention.hypothesis_view, convention.reference_view):
            rules["view " + view.name, view.version].add(view.take)
    assert [key for key, value in rules.items() if len(value) > 1] == []


def test_a_rule_on_groups_of_rows_sees_the_whole_set() -> None:
    grouped = [c for c in KNOWN.values() if any(rule.group for rule in c.select)]
    assert grouped
    assert all(c.metric.whole_set for c in grouped)


def test_a_group_is_kept_if_any_of_its_rows_is() -> None:
    odd = Selection("odd", lambda row: int(row.id) % 2 == 1, "even", group=lambda row: str(row.reference))
    late = Selection("late", lambda row: int(row.id) > 1, "early")
    rows = [Row(str(n), "", group) for n, group in enumerate("aabbcc")]
    rows[3] = Row("8", "", "b")
    assert odd.keeps(rows) == [True, True, False, False, True, True]
    assert first_failed(rows, (odd, late)) == [1, 1, 0, 0, None, None]
    assert first_failed(rows, ()) == [None] * 6


def sources_of(convention: Convention) -> set[str]:
    parts = (
        *convention.hypothesis,
        *convention.reference,
        *convention.select,
        convention.hypothesis_view,
        convention.reference_view,
    )
    return {s for part in parts for s in part.sources} | set(convention.metric.sources) | set(convention.extra_sources)


def test_every_source_exists() -> None:
    for key, convention in KNOWN.items():
        for source in sources_of(convention):
            assert len(digest(source)) == 64, (key, source)


# Imported for types, errors, availability and composition: nothing in them decides a number.
FRAMES = {
    "tasks.convention",  # selections and views name their own sources
    "tasks.errors",
    "tasks.family",
    "tasks.arrays",
    "tasks.availability",  # why something is unavailable
    "tasks.backends.assets",  # where files lie that a convention knows by their hashes
    "tasks.backends.user_cache",
    "tasks.row",
    "tasks.step",
    "tasks.task",
}
# Only `Spider` takes it, which names it.
ONE_METRIC_ONLY = {("tasks.metrics.spice", "tasks.metrics.cider")}
# Only Whisper's English normaliser takes it, which names it.
ONE_STEP_ONLY = {("tasks.steps.normalise.whisper", "tasks.steps.normalise.whisper_words")}


# Modules that put conventions together: they import both; one is part of a family and imports no more than conventions.
COMPOSITION = {"tasks.family", "tasks.convention"}
COMPOSING = {"tasks.families.single_captions"}


def deciding_imports(module: str) -> set[str]:
    """Modules of `tasks` that a module takes something from.

    Of a module that puts conventions together only what its functions use: steps, rules, views, metrics and their functions
    are named there, and bring their own sources.
    """
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    names: dict[str, str] = {}
    named: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not [item.name for item in node.names if item.name.startswith("tasks")], module
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: a relative import"
            package = node.module or ""
            for item in node.names if package.split(".")[0] == "tasks" else ():
                value = getattr(importlib.import_module(package), item.name)
                names[item.asname or item.name] = value.__name__ if isinstance(value, ModuleType) else package
                whole = isinstance(value, tuple) and all(isinstance(part, Convention) for part in value)
                if (
                    isinstance(value, (Step, Selection, View))
                    or whole
                    or (isinstance(value, type) and issubclass(value, Metric))
                ):
                    named.add(item.asname or item.name)
    if set(names.values()) >= COMPOSITION or module in COMPOSING:
        bodies = [n.body for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.Lambda))]
        nodes = [node for body in bodies for node in (body if isinstance(body, list) else [body])]
        used = {node.id for top in nodes for node in ast.walk(top) if isinstance(node, ast.Name)}
        names = {name: package for name, package in names.items() if name in used - named}
    return set(names.values()) - FRAMES


def test_what_a_source_takes_from_other_modules_is_a_source_too() -> None:
    missing: set[tuple[str, str, str]] = set()
    for (task, metric, name), convention in KNOWN.items():
        modules = {s.removeprefix("module:") for s in sources_of(convention) if s.startswith("module:tasks.")}
        for module in modules:
            missing |= {(f"{task} {metric} {name}", module, other) for other in deciding_imports(module) - modules}
    assert {(module, other) for _, module, other in missing} == ONE_METRIC_ONLY, sorted(missing)[:9]


def test_the_imports_of_a_source_are_found() -> None:
    assert "tasks.metrics.error_rate" in deciding_imports("tasks.metrics.permutation")
    assert "tasks.steps.tokenise_batch" in deciding_imports("tasks.steps.tokenise")
    assert deciding_imports("tasks.families.slots") >= {"tasks.steps.characters"}
    assert "tasks.metrics.accuracy" not in deciding_imports("tasks.families.slots")


def test_the_library_that_aligns_is_a_source() -> None:
    for metric in (ErrorRate(), MeanErrorRate(), PermutationErrorRate(), NotTranscribed()):
        assert "version:rapidfuzz" in metric.sources
    assert digest("version:rapidfuzz") != digest("version:numpy")


def test_every_convention_and_task_is_described() -> None:
    for (task, metric, name), convention in KNOWN.items():
        assert convention.summary.rstrip("`").endswith("."), (task, metric, name)
        assert convention.metric.id == metric or task.startswith("aac"), (task, metric, name)
    for task in tasks().values():
        assert task.name
        assert task.dataset


def test_the_hash_is_the_same_in_another_process() -> None:
    code = (
        "from audit.literature.known_tasks import conventions_of as conventions\n"
        "for key, c in conventions().items():\n"
        "    if key[0] in ('st-en-ja', 'asr-gigaspeech', 'mc-musiccaps'): print(*key, c.hash)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "99", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )
    lines = dict(line.rsplit(" ", 1) for line in result.stdout.splitlines())
    assert len(lines) > 30
    tasks_there = {"st-en-ja", "asr-gigaspeech", "mc-musiccaps"}
    assert lines == {" ".join(key): convention.hash for key, convention in KNOWN.items() if key[0] in tasks_there}


BASE = Convention("c", "A convention.", ErrorRate(), hypothesis=(LOWER,), reference=(LOWER,))


def test_the_hash_follows_code_and_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another digest of any one source gives another hash; the signature names no bytes and stays."""
    before, signature = BASE.hash, BASE.signature
    sources = {*LOWER.sources, *BASE.metric.sources, *HYPOTHESIS.sources}
    found = set()
    for changed in sources:
        monkeypatch.setattr(
            convention_module,
            "digest",
            lambda source, changed=changed: "0" * 64 if source == changed else digest(source),
        )
        found.add(BASE.hash)
    assert len(found) == len(sources) > 3
    assert before not in found
    assert BASE.signature == signature
    monkeypatch.undo()
    assert BASE.hash == before


def test_the_hash_follows_a_data_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "spellings"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "table.json").write_text('{"colour": "color"}', encoding="utf-8")
    (package / "inner").mkdir()
    (package / "inner" / "a.txt").write_text("a", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    hashes = []
    for content in ('{"colour": "color"}', '{"colour": "colour"}'):
        (package / "table.json").write_text(content, encoding="utf-8")
        step_module.digest.cache_clear()
        table = Step("spell", "1", lambda: str, ("file:spellings/table.json",))
        hashes.append(replace(BASE, hypothesis=(table,)).hash)
    assert hashes[0] != hashes[1]
    before = step_module.digest("tree:spellings/inner")
    (package / "inner" / "b.pyc").write_text("ignored", encoding="utf-8")
    step_module.digest.cache_clear()
    assert step_module.digest("tree:spellings/inner") == before
    (package / "inner" / "b.txt").write_text("b", encoding="utf-8")
    step_module.digest.cache_clear()
    assert step_module.digest("tree:spellings/inner") != before
    step_module.digest.cache_clear()
    step_module._folder.cache_clear()


@pytest.mark.parametrize(
    "source", ["module:no_such_package.x", "file:no_such_package/x", "module:tasks.no_such_module"]
)
def test_a_source_that_is_not_there(source: str) -> None:
    with pytest.raises(FileNotFoundError):
        digest(source)


def test_every_choice_stands_in_the_signature() -> None:
    keep = Selection("some", bool, "why")
    view = View("prompt", str)
    signatures = {
        BASE.signature,
        replace(BASE, hypothesis=()).signature,
        replace(BASE, reference=()).signature,
        replace(BASE, select=(keep,)).signature,
        replace(BASE, hypothesis_view=view).signature,
        replace(BASE, reference_view=view).signature,
        replace(BASE, metric=ErrorRate(id="per")).signature,
        replace(BASE, hypothesis=(step("lower", lower, version="2"),)).signature,
    }
    assert len(signatures) == 8
    # What is for people changes neither.
    told = replace(BASE, id="d", summary="Another.", notes="n")
    assert (told.signature, told.hash) == (BASE.signature, BASE.hash)


def test_the_libraries_versions_stand_in_the_signature() -> None:
    assert version_of("sacrebleu") in KNOWN["st-en-de", "bleu", "covost2"].signature
    assert version_of("ipadic") in KNOWN["st-en-ja", "bleu", "qwen2-audio"].signature
    assert version_of("whisper-normalizer") in KNOWN["asr-gigaspeech", "wer", "nota"].signature
    assert version_of("jiwer") in KNOWN["asr-gigaspeech", "wer", "hufs"].signature


def test_the_registry_refuses_copies() -> None:
    from tasks.row import ReferenceType
    from tasks.task import Task

    with pytest.raises(ValueError, match="duplicate convention id for wer"):
        Task("t", "T", "D", ReferenceType.TEXT, {"wer": (BASE, BASE)})
    with pytest.raises(KeyError, match="no convention nobody"):
        tasks()["st-en-de"].convention("bleu", "nobody")
    assert tasks()["st-en-de"].convention("bleu", "covost2").id == "covost2"


def test_the_parts_of_the_catalogue_name_all_their_sources() -> None:
    """A convention in YAML may be composed of any of them."""
    made = [replace(BASE, hypothesis=(one.step,), reference=()) for one in STEPS.values()]
    made += [replace(BASE, select=(one.rule,)) for one in RULES.values()]
    made += [replace(BASE, hypothesis_view=one.view) for one in VIEWS.values()]
    made += [replace(BASE, metric=one.made()) for one in METRICS.values()]
    missing = set()
    for convention in made:
        sources = sources_of(convention)
        assert all(len(digest(source)) == 64 for source in sources), convention
        modules = {s.removeprefix("module:") for s in sources if s.startswith("module:tasks.")}
        # A step beside a metric needs nothing of what the metric does.
        own = {m for m in modules if not m.startswith("tasks.metrics.") or convention.metric != BASE.metric}
        missing |= {(module, other) for module in own for other in deciding_imports(module) - modules}
    assert missing == ONE_METRIC_ONLY | ONE_STEP_ONLY
