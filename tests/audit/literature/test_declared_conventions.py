"""Conventions in YAML: of a folder, and inside a study; what is wrong is named with file, line, field and remedy."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

import pytest

from audit._util.paths import LITERATURE
from audit.cli.catalogue_table import lines
from audit.errors import InputError
from audit.literature.convention_yaml import yaml_text
from audit.literature.declared_conventions import declared_conventions, load_convention, load_conventions
from audit.literature.grades import grades, known_conventions
from audit.literature.known_tasks import declared_here, known_tasks
from audit.literature.lint_conventions import lint_conventions
from audit.literature.schema import schema
from audit.literature.studies import load_study
from audit.literature.works import load_works
from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run
from tasks.convention import Convention
from tasks.row import Row
from tasks.step_cache import ChainCache
from tests.support.paths import ROOT

CONVENTION = """\
schema: repro-audit/convention/1
id: mine
summary: Lower case, punctuation deleted.
family: asr
metric: wer
hypothesis: [strip-special, lower, nfkc, drop-punctuation, words]
reference: [lower, nfkc, drop-punctuation, words]
work: some-work
evidence:
  - kind: code
    repo: owner/name
    commit: COMMIT
    path: score.py
    lines: "1-9"
    steps: [all]
    verified: true
""".replace("COMMIT", "a" * 40)
STUDY = """\
schema: repro-audit/study/2
id: study
title: A study
model: Model
variants: {base: The only one.}
paper: {title: A paper, authors_first: A. Author, year: 2026, venue: arXiv, arxiv: null, url: null}
sources: {paper: The paper.}
tasks:
  - id: speech
    family: asr
    dataset: Made
    conventions: [mine]
claims:
  - id: speech.wer
    task: speech
    metric: wer
    value: "1.0"
    unit: percent
    direction: lower
    locator: {table: Table 1, row: Speech, column: WER}
margins: {wer: {value: "0.2", kind: assumed, reason: Two runs of one model.}}
"""
INLINE = "".join(f"    {line}\n" for line in CONVENTION.splitlines()[1:]).replace("    id:", "  - id:", 1)
FAMILIES = {"asr": {"hufs"}, "translation": {"covost2"}}


def written(tmp_path: Path, *changes: tuple[str, str], name: str = "mine") -> Path:
    folder = tmp_path / "conventions"
    folder.mkdir(exist_ok=True)
    text = CONVENTION
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def study(tmp_path: Path, *changes: tuple[str, str], inline: str = "") -> Path:
    text = STUDY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "study.yaml"
    path.write_text(
        text.replace("claims:", f"conventions:\n{inline}claims:" if inline else "claims:", 1), encoding="utf-8"
    )
    return path


def test_the_conventions_of_the_project_are_sound() -> None:
    works = {work.id for work in load_works()}
    built_in: dict[str, set[str]] = {}
    declared = [one.convention for one in declared_here()]
    for task in known_tasks().values():
        own = {c.id for cs in task.conventions.values() for c in cs if c not in declared}
        built_in.setdefault(task.family, set()).update(own)
    assert [str(problem) for problem in lint_conventions(built_in, works)] == []
    assert {one.id for one in load_conventions(LITERATURE / "conventions")} >= {"bonzi", "cmi-bench-cer"}
    for one in declared_conventions():
        assert one.convention.hash


def test_a_file(tmp_path: Path) -> None:
    one = load_convention(written(tmp_path))
    assert (one.family, one.metric, one.id) == ("asr", "wer", "mine")
    assert one.convention.signature == (
        "wer|sel:all|hyp:special,lower,nfkc,drop-punctuation,words|ref:lower,nfkc,drop-punctuation,words"
        "|count:levenshtein|fold:corpus"
    )
    assert one.evidence.items[0].urls() == (f"https://github.com/owner/name/blob/{'a' * 40}/score.py#L1-L9",)


@pytest.mark.parametrize(
    ("change", "where", "what", "fix"),
    [
        (("nfkc, drop", "nkfc, drop"), "6: hypothesis[2]", "unknown step `nkfc`", "or `nfkc`?"),
        (("words]\nreference", "words, upper]\nreference"), "6: hypothesis[5]", "after the tokenizer `words`", "Move"),
        (("nfkc, drop-punctuation, words]\nwork", "nfkc]\nwork"), "7: reference", "counts tokens", "`words`"),
        (("metric: wer", "metric: mer"), "5: metric", "unknown metric `mer`", "`wer`"),
        (("id: mine", "id: yours"), "2: id", "the id `yours` differs from the file name", "Rename the file to yours.yaml"),
        (("schema: repro-audit/convention/1\n", ""), "1", "the key `schema` is missing", "repro-audit/convention/1"),
        (("convention/1", "convention/2"), "1: schema", "is not allowed", "repro-audit/convention/1"),
        (("work: some-work\n", ""), "1", "the key `work` is missing", "Add `work:`"),
        (("punctuation deleted.", "punctuation deleted"), "3: summary", "is not well-formed", "with a full stop"),
        (("metric: wer", "metrics: wer"), "5: metrics", "unknown key `metrics`", "Did you mean `metric`?"),
        (("metric: wer", "metric: wer\noptions: {fold: means}"), "6: options.fold", "`means` is not a value", "mean"),
        (('    lines: "1-9"\n', ""), "10: evidence[0]", "gives a grade, without lines", "Name the lines"),
        (("    steps: [all]\n", ""), "10: evidence[0]", "without `steps`", "Add `steps`"),
        (("path: score.py", "path: ../score.py"), "13: evidence[0].path", "leaves its repository", "relative"),
        (("evidence:", "relation: audited\nevidence:"), "9: relation", "without the study", "Add `study:`"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file(tmp_path: Path, change: tuple[str, str], where: str, what: str, fix: str) -> None:
    path = written(tmp_path, change)
    with pytest.raises(InputError) as caught:
        load_convention(path)
    assert caught.value.where == f"{path}:{where}"
    assert what in caught.value.what
    assert fix in str(caught.value.fix)
    assert f"{path}:{where}" in [problem.where for problem in lint_conventions(FAMILIES, {"some-work"}, path.parent)]


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        (("family: asr", "family: speech"), "4: family", "there is no family `speech`"),
        (("work: some-work", "work: another"), "8: work", "there is no record of a work `another`"),
        (("Lower case,", "TODO,"), "3: summary", "placeholder `TODO`"),
        (("work: some", "notes: As abc1234 does.\nwork: some"), "8: notes", "the commit id abc1234 is abbreviated"),
        (("id: mine", "id: hufs"), "2: id", "the family asr has a convention `hufs` already"),
    ],
)
def test_what_the_lint_finds_besides(tmp_path: Path, change: tuple[str, str], where: str, what: str) -> None:
    path = written(tmp_path, change, name=change[1].removeprefix("id: ") if "id:" in change[1] else "mine")
    found = [(p.where, p.what) for p in lint_conventions(FAMILIES, {"some-work"}, path.parent)]
    assert found == [(f"{path}:{where}", what)]


def test_a_sound_file_has_no_problem_and_invalid_yaml_has_one(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert lint_conventions(FAMILIES, {"some-work"}, path.parent) == []
    path.write_text("a: [", encoding="utf-8")
    (problem,) = lint_conventions(FAMILIES, {"some-work"}, path.parent)
    assert "invalid YAML" in problem.what
    assert lint_conventions(FAMILIES, {"some-work"}, tmp_path / "nowhere") == []


@pytest.mark.parametrize("inline", ["", INLINE])
def test_a_study_uses_it(tmp_path: Path, inline: str) -> None:
    if not inline:
        written(tmp_path)
    found = load_study(study(tmp_path, inline=inline))
    (one,) = found.conventions
    task = found.tasks["speech"]
    assert task.convention("wer", "mine") == one.convention
    assert task.convention("wer", "hufs")
    known = known_conventions(found.tasks)
    grading = grades((), known, "study", tasks=found.tasks, declared=found.conventions)["speech", "wer", "mine"]
    assert (grading.grade, [s.work for s in grading.support]) == ("C", ["some-work"])
    assert grades((), known, "study", tasks=found.tasks)["speech", "wer", "mine"].grade == "E"


def test_its_evidence_counts_as_that_of_works_does(tmp_path: Path) -> None:
    for number, (change, grade) in enumerate([
        (("work:", "relation: audited\nstudy: study\nwork:"), "A"),
        (("work:", "relation: audited\nstudy: another\nwork:"), "C"),
        (("work:", "relation: cited-metric-source\nstudy: study\nwork:"), "B"),
        (("work:", "relation: reproduction-team\nwork:"), "E"),
        (("verified: true", "verified: false"), "E"),
        (("steps: [all]", "steps: [normaliser]"), "E"),
        (("kind: code", "kind: text"), "D"),
    ]):  # fmt: skip
        folder = tmp_path / str(number)
        folder.mkdir()
        written(folder, change)
        found = load_study(study(folder))
        graded = grades((), known_conventions(found.tasks), "study", tasks=found.tasks, declared=found.conventions)
        assert graded["speech", "wer", "mine"].grade == grade, change


def test_the_evidence_of_a_convention_says_nothing_of_another_of_its_id(tmp_path: Path) -> None:
    other = written(tmp_path, ("id: mine", "id: hufs"), name="hufs")
    declared = (load_convention(other),)
    task = load_study(LITERATURE / "studies" / "salmonn.yaml").tasks["asr-librispeech-clean"]
    known = {(task.id, "wer"): frozenset({"hufs"})}
    assert grades((), known, tasks={task.id: task}, declared=declared)[task.id, "wer", "hufs"].support == ()


@pytest.mark.parametrize(
    ("changes", "inline", "where", "what"),
    [
        ([("[mine]", "[yours]")], "", "12: tasks[0].conventions[0]", "there is no convention in YAML `yours`"),
        ([("asr", "translation"), ("wer", "bleu"), ("wer", "bleu"), ("{wer", "{bleu")], "",
         "12: tasks[0].conventions[0]", "the convention `mine` is one of the family asr"),
        ([("    conventions: [mine]\n", "")], INLINE, "13: conventions[0]", "no task uses the convention `mine`"),
        ([], INLINE + INLINE, "", "duplicate convention `mine`"),
        ([], INLINE.replace("lower, nfkc, drop", "lower, nope, drop"), "", "unknown step `nope`"),
        ([], INLINE.replace("    metric: wer\n", ""), "", "the key `metric` is missing"),
    ],
)  # fmt: skip
def test_what_a_study_does_with_conventions_that_do_not_fit(
    tmp_path: Path, changes: list[tuple[str, str]], inline: str, where: str, what: str
) -> None:
    written(tmp_path)
    path = study(tmp_path, *changes, inline=inline)
    with pytest.raises(InputError) as caught:
        load_study(path)
    assert what in caught.value.what
    assert str(caught.value.where).startswith(f"{path}:{where}")
    assert caught.value.fix


def test_a_convention_with_the_id_of_one_of_the_family(tmp_path: Path) -> None:
    written(tmp_path, ("id: mine", "id: hufs"), name="hufs")
    with pytest.raises(InputError, match="has a convention `hufs` for wer already") as caught:
        load_study(study(tmp_path, ("[mine]", "[hufs]")))
    assert "Rename yours" in str(caught.value.fix)


def test_a_convention_that_a_task_leaves_out_hands_its_evidence_to_no_other(tmp_path: Path) -> None:
    """Records of works name conventions by id: one of the study's own would stand on code that counts differently."""
    written(tmp_path, ("id: mine", "id: hufs"), name="hufs")
    with pytest.raises(InputError, match="has a convention `hufs` for wer already"):
        load_study(study(tmp_path, ("[mine]", "[hufs]\n    leave_out: [hufs, hufs-finished]")))


def test_an_audit_scores_with_it_and_lists_its_file(tmp_path: Path) -> None:
    path = written(tmp_path)
    rows = [
        ("1", "one, two three.</s>", "One two three"),
        ("2", "four</s>", "four five"),
    ]
    predictions = tmp_path / "predictions"
    predictions.mkdir()
    text = "".join(f'{{"id": "{i}", "hypothesis": "{h}", "reference": "{r}"}}\n' for i, h, r in rows)
    (predictions / "speech.jsonl").write_text(text, encoding="utf-8")
    (predictions / "speech.meta.json").write_text(
        '{"schema": "repro-audit/predictions/1", "task": "speech", "model": "Model", "variant": "base"}',
        encoding="utf-8",
    )
    done = run(AuditRequest(str(study(tmp_path)), predictions, replicates=0, cache=None))
    measured = [m for m in done.document.measurements if m.convention == "mine"]
    assert [m.value for m in measured] == ["20.000000"]  # one of five words is missing
    (described,) = [c for c in done.document.conventions if c.id == "mine"]
    assert (described.grade, described.works) == ("C", ("some-work",))
    assert ("literature/conventions/mine.yaml", path) in [(name, Path(p)) for name, p in done.literature.items()]


def test_a_known_convention_as_yaml_is_read_again(tmp_path: Path) -> None:
    task = known_tasks()["asr-gigaspeech"]
    composed = 0
    for item in task.conventions["wer"]:
        text = yaml_text(item, "asr")
        if text is None:
            continue
        composed += 1
        path = tmp_path / f"{item.id}.yaml"
        for old, new in [("REPLACE with the full commit id", "a" * 40), ("REPLACE with the file", "score.py"),
                         ("OWNER/NAME", "owner/name"), ("REPLACE with the work", "some-work")]:  # fmt: skip
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        again = load_convention(path).convention
        assert (again.signature, again.hash, again.summary, again.notes) == (
            item.signature, item.hash, item.summary, item.notes,
        )  # fmt: skip
    assert composed > 15


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("mister quilter is the apostle", "Mr. Quilter is the apostle.</s>")], "20.0"),
        ([("don't go to the well-known place", "Do not go to the well known place.</s>")], "66.6667"),
        ([("officer's mess", "officers mess")], "0.0"),
        ([("the cat sat", "the cat sat"), ("hello world", "hello there world")], "20.0"),
        ([("hello world", "</s>")], "100.0"),
        ([("it\u2019s fine", "it's fine")], "50.0"),
        ([("twenty five", "25")], "100.0"),
        ([("hello", "<unk>hello <s></s>")], "100.0"),
    ],
)
def test_bonzis_scorer_prints_the_same(pairs: list[tuple[str, str]], expected: str) -> None:
    """What FrancescoBonzi/SALMONN@0ddebe3:evaluate.py gives, in percent, with jiwer 4.0."""
    convention = load_convention(LITERATURE / "conventions" / "bonzi.yaml").convention
    assert scored(convention, [Row(str(n), said, spoken) for n, (spoken, said) in enumerate(pairs)]) == pytest.approx(
        float(expected), abs=5e-5
    )


def scored(convention: Convention, rows: list[Row]) -> float:
    cache = ChainCache(rows)
    sides = (convention.hypothesis_view, convention.hypothesis), (convention.reference_view, convention.reference)
    value = convention.metric.fold(convention.metric.count(*(cache.values(*side) for side in sides)))
    assert value is not None
    return float(value)


def test_cmi_benchs_character_error_rate_of_its_own_outputs(shared_real: Path, tmp_path: Path) -> None:
    """The paper prints 760.00 for SALMONN's lyrics."""
    items = json.loads((shared_real / "cmi-bench/salmonn_DSing.jsonl").read_text(encoding="utf-8"))
    rows = [Row(str(n), item["response"], item["correct_answer"]) for n, item in enumerate(items)]
    convention = load_convention(LITERATURE / "conventions" / "cmi-bench-cer.yaml").convention
    assert scored(convention, rows) == pytest.approx(760.00, abs=0.005)


def test_the_guide_shows_a_convention_that_is_read(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "how-to" / "add-a-convention.md").read_text(encoding="utf-8")
    blocks = [textwrap.dedent(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    (example,) = [block for block in blocks if block.startswith("schema: repro-audit/convention/1\n")]
    path = tmp_path / "my-benchmark.yaml"
    path.write_text(example, encoding="utf-8")
    assert load_convention(path).id == "my-benchmark"
    keys = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", text, re.MULTILINE))))
    assert keys | {"schema", "id", "summary", "family"} == set(schema("convention")["properties"])
    # What it shows of the table is what the command prints.
    shown = [line.strip() for line in text.splitlines() if re.match(r" +[\w-]+ +(text|tokens|rule) ", line)]
    assert len(shown) == 4
    assert set(shown) <= {line.strip() for line in lines(long=False)}


def test_where_a_convention_is_looked_for(tmp_path: Path) -> None:
    """Beside a study, and in the literature folder that holds it; never above a study of one's own."""
    literature = tmp_path / "literature"
    (literature / "studies").mkdir(parents=True)
    written(literature)
    assert load_study(study(literature / "studies")).conventions[0].path == literature / "conventions" / "mine.yaml"
    own = literature / "own"
    own.mkdir()
    with pytest.raises(InputError, match="there is no convention in YAML `mine`"):
        load_study(study(own))
    near = written(own, ("punctuation deleted.", "punctuation deleted, once more."))
    assert load_study(study(own)).conventions[0].path == near
