from __future__ import annotations

from pathlib import Path

import pytest

from audit._util.paths import LITERATURE
from audit.cli.commands import literature
from audit.errors import MissingError
from audit.literature.lint import RULES, lint, lint_studies, notes
from tests.support.literature_records import record

CODE = "kind: code\n        path: score.py\n        lines: 1-9\n        steps: [all]"
KNOWN = {("er-iemocap", "accuracy"): {"fairmllm"}}


def problems(tmp_path: Path, *changes: tuple[str, str], name: str = "one", known: object = None) -> list[str]:
    """What the lint says of the folder once a record, changed by replacements, is in it."""
    text = record("one")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    _, found = lint(KNOWN if known is None else known, tmp_path)  # type: ignore[arg-type]
    return [str(problem).replace(str(tmp_path), "works") for problem in found]


def test_the_records_pass() -> None:
    records, found = lint(literature.known())
    assert [str(problem) for problem in found] == []
    assert len(records) >= 60
    assert [str(problem) for problem in lint_studies(literature.known())] == []


def test_a_sound_record_has_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path) == []


def test_no_strict_yaml(tmp_path: Path) -> None:
    assert problems(tmp_path, ('value: "0.70"', "value: 0.70"))[0] == (
        "works/one.yaml:35: tasks[0].value: 0.70 is a float; records store decimal numbers as strings, because "
        'trailing zeros are significant\n  Write "0.70" with quotes.'
    )


def test_schema(tmp_path: Path) -> None:
    assert problems(tmp_path, ("kind: benchmark", "kind: bench"))[0].startswith(
        'works/one.yaml:14: kind: "bench" is not allowed\n  Did you mean `benchmark`? Use one of: '
    )


def test_unique_ids(tmp_path: Path) -> None:
    problems(tmp_path)
    assert problems(tmp_path, name="two") == [
        (
            "works/two.yaml:2: id: duplicate id `one`, also in one.yaml\n"
            "  Give the record a unique id; the file is named after it."
        )
    ]


def test_a_file_is_named_after_its_record(tmp_path: Path) -> None:
    assert problems(tmp_path, name="other") == [
        (
            "works/other.yaml:2: id: the id `one` differs from the file name\n"
            "  Rename the file to one.yaml, or the record to `other`."
        )
    ]


def test_one_paper_has_one_record(tmp_path: Path) -> None:
    problems(tmp_path, ("arxiv: null", 'arxiv: "2310.13289"'))
    assert problems(tmp_path, ("id: one", "id: two"), ("arxiv: null", 'arxiv: "2310.13289v2"'), name="two") == [
        "works/two.yaml:10: arxiv: duplicate arXiv id 2310.13289, also in one.yaml\n  Merge the two records into one."
    ]


def test_conventions_exist(tmp_path: Path) -> None:
    assert problems(tmp_path, ("[fairmllm]", "[fairmllm, fairlm]")) == [
        (
            "works/one.yaml:36: tasks[0].conventions[1]: there is no convention `fairlm` for accuracy of er-iemocap\n"
            "  Use one of: fairmllm; or name a convention in YAML under `conventions` of this task in its study."
        )
    ]


def test_tasks_exist(tmp_path: Path) -> None:
    found = problems(tmp_path, ("[er-iemocap]", "[er-iemocab]"), ("[fairmllm]", "[]"), known=KNOWN)
    assert (
        "works/one.yaml:28: tasks[0].ids[0]: tasks/ has no task `er-iemocab`\n"
        "  Did you mean `er-iemocap`? Use one of: er-iemocap."
    ) in found
    found = problems(tmp_path, ("[accuracy]", "[accuracy, f1]"))
    assert found == ["works/one.yaml:29: tasks[0].metrics[1]: tasks/ has no metric `f1`\n  Use one of: accuracy."]


def test_a_convention_belongs_to_a_task(tmp_path: Path) -> None:
    found = problems(tmp_path, ("[er-iemocap]", "[]"))
    of_no_task = "works/one.yaml:36: tasks[0].conventions[0]: the convention `fairmllm` has no task and metric"
    assert [problem.partition("\n")[0] for problem in found if "no task and metric" in problem] == [of_no_task]


def test_a_convention_that_no_record_names_is_noted(tmp_path: Path) -> None:
    """It has grade E; adding one breaks nothing."""
    known = {("er-iemocap", "accuracy"): {"fairmllm", "brand-new"}}
    assert problems(tmp_path, known=known) == []
    records, _ = lint(known, tmp_path)  # type: ignore[arg-type]
    assert notes(records, known)[0] == (  # type: ignore[arg-type]
        "literature/works: no record names the convention `brand-new` of accuracy of er-iemocap"
    )


@pytest.mark.parametrize("word", ["TODO", "FIXME", "TBD", "XXX", "REPLACE with it", "what???", "to be written"])
def test_no_placeholders(tmp_path: Path, word: str) -> None:
    found = problems(tmp_path, ("summary: A work for a test.", f"summary: {word}"))
    assert len(found) == 1
    assert found[0].startswith("works/one.yaml:26: summary: placeholder")


def test_a_label_of_iemocap_is_no_placeholder(tmp_path: Path) -> None:
    assert problems(tmp_path, ("summary: A work for a test.", "summary: Labels xxx and oth are dropped.")) == []


def test_yes_has_evidence(tmp_path: Path) -> None:
    none = (CODE + "\n        verified: true", "kind: none\n        verified: false")
    assert problems(tmp_path, none) == [
        (
            "works/one.yaml:33: tasks[0].same_data: `yes` without evidence\n"
            "  Add evidence of kind code or text, or write `unknown`."
        )
    ]
    assert problems(tmp_path, none, ("same_data: yes", "same_data: unknown")) == []


def test_available_code_has_a_place(tmp_path: Path) -> None:
    assert problems(tmp_path, ("  paths: [score.py]", "  paths: []")) == [
        "works/one.yaml:19: code.available: `yes` without evidence\n  Name `repo` and the scoring files under `paths`."
    ]
    no_commit = (f"  commit: {'a' * 40}", "  commit: null")
    unverified = ("verified: true", "verified: false")  # without a commit nothing is verified, says another rule
    assert problems(tmp_path, no_commit, unverified) == [
        (
            "works/one.yaml:19: code.available: `yes` without a commit\n"
            "  Name the commit, or explain in `note` why it is not known."
        )
    ]
    assert problems(tmp_path, no_commit, unverified, ("  note: null", "  note: The version is not known.")) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("        path: score.py\n", ""), "code without repository and path"),
        ((CODE, "kind: text\n        steps: [all]"), "text without a section"),
        (
            (CODE, "kind: none\n        section: x"),
            "verified evidence of kind `none`",
        ),
    ],
)
def test_evidence_is_whole(tmp_path: Path, change: tuple[str, str], what: str) -> None:
    found = problems(tmp_path, change, ("same_data: yes", "same_data: unknown"))
    assert f"works/one.yaml:39: tasks[0].evidence[0]: {what}" in [f.split("\n")[0] for f in found]


@pytest.mark.parametrize("path", ["../score.py", "/etc/passwd", "a/../../b", "~/x", "a\\b"])
def test_paths_stay_inside(tmp_path: Path, path: str) -> None:
    found = problems(tmp_path, ("        path: score.py", f"        path: {path}"))
    assert [f.split("\n")[0] for f in found] == [
        f"works/one.yaml:40: tasks[0].evidence[0].path: the path {path} leaves its repository"
    ]
    assert len(problems(tmp_path, ("  paths: [score.py]", f"  paths: [{path}]"))) == 1


@pytest.mark.parametrize("path", ["whole repository", "a.py; b.py", "example evaluation scripts", '""'])
def test_words_are_no_path(tmp_path: Path, path: str) -> None:
    found = problems(tmp_path, ("        path: score.py", f"        path: {path}"))
    assert found[0].startswith("works/one.yaml:40: ")
    assert "One file or folder in that repository" in found[0]
    assert "without spaces" in problems(tmp_path, ("  paths: [score.py]", f"  paths: [{path}]"))[0]


@pytest.mark.parametrize(
    "text", ["Read at c0d2f62.", "See d964956 (salmonn2)", "at 0123456789abcdef0123456789abcdef012345"]
)
def test_commits_are_whole(tmp_path: Path, text: str) -> None:
    found = problems(tmp_path, ("summary: A work for a test.", f"summary: {text}"))
    assert [f.split("\n")[0].startswith("works/one.yaml:26: summary: the commit ") for f in found] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "A whole one, d96495623580e14bfc1a5204e2852bc1e8007d53.",
        "SHA-256 fbb3599bc55d56151c8ccb2c213672e0b58d9515828f86731c7bfa0e7423d92b",
        "2026-11-28, 1234567 rows, effaced, redis_250929_1808.rdb, 10.18653/v1/2026.acl-demo.56",
    ],
)
def test_numbers_words_and_hashes_are_no_short_commits(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, ("summary: A work for a test.", f"summary: {text}")) == []


def test_code_has_lines(tmp_path: Path) -> None:
    no_lines = ("        lines: 1-9\n", "")
    assert problems(tmp_path, no_lines) == [
        (
            "works/one.yaml:39: tasks[0].evidence[0]: verified code that gives a grade, without lines\n"
            "  Name the lines that show the convention, or write `verified: false` until someone has read them."
        )
    ]
    assert len(problems(tmp_path, (f"  commit: {'a' * 40}", "  commit: null"), ("  note: null", "  note: x"))) == 1
    # What gives no grade needs none.
    assert problems(tmp_path, no_lines, ("verified: true", "verified: false")) == []
    assert problems(tmp_path, no_lines, ("relation: independent", "relation: reproduction-team")) == []
    assert problems(tmp_path, no_lines, ("steps: [all]", "steps: []")) == []


def test_code_that_has_lines_is_a_file(tmp_path: Path) -> None:
    found = problems(tmp_path, ("        path: score.py", "        path: scoring/"))
    assert [f.split("\n")[0] for f in found] == [
        "works/one.yaml:40: tasks[0].evidence[0].path: scoring/ is a folder, so it has no lines"
    ]


@pytest.mark.parametrize("lines", ["from 3 on", "0-3", "3-", "3 - 9", "3-9,"])
def test_lines_are_ranges(tmp_path: Path, lines: str) -> None:
    found = problems(tmp_path, ("        lines: 1-9", f'        lines: "{lines}"'))
    assert found[0].startswith("works/one.yaml:41: ")


def test_evidence_has_steps(tmp_path: Path) -> None:
    no_steps = ("        steps: [all]\n", "")
    assert problems(tmp_path, no_steps) == [
        (
            "works/one.yaml:39: tasks[0].evidence[0]: evidence for a convention without `steps`\n"
            "  Add `steps`: all, the names of the steps it shows, or [] for none."
        )
    ]
    known = {("er-iemocap", "accuracy"): set[str]()}
    assert problems(tmp_path, no_steps, ("[fairmllm]", "[]"), known=known) == []


def test_venue_has_no_year(tmp_path: Path) -> None:
    assert problems(tmp_path, ("venue: arXiv", "venue: NAACL 2025")) == [
        (
            "works/one.yaml:8: venue: the venue names the year 2025\n"
            "  Write the venue without it; `year` is the year of that publication."
        )
    ]


def test_who_opened_the_evidence_is_a_note(tmp_path: Path) -> None:
    problems(tmp_path)
    records, found = lint(KNOWN, tmp_path)
    assert found == []
    assert [n.replace(str(tmp_path), "works") for n in notes(records, KNOWN)] == [
        "works/one.yaml: 1 of 1 pieces of verified evidence do not say who opened them (`verified_by`)"
    ]
    problems(tmp_path, ("verified: true", 'verified: true\n        verified_by: "A. Reader, 2026-11-28"'))
    assert notes(lint(KNOWN, tmp_path)[0], KNOWN) == []


def test_values_have_a_treatment(tmp_path: Path) -> None:
    found = problems(tmp_path, ("treatment: evaluated", "treatment: mentioned"))
    assert [f.split("\n")[0] for f in found] == [
        "works/one.yaml:35: tasks[0].value: a SALMONN value although the treatment is `mentioned`"
    ]


def test_every_rule_has_a_test() -> None:
    import sys

    here = sys.modules[__name__]
    for rule in RULES:
        tests = [name for name in dir(here) if name.startswith("test_")]
        assert any(rule.__name__.removeprefix("no_") in name for name in tests), rule.__name__


def test_problems_come_by_file_and_line(tmp_path: Path) -> None:
    problems(tmp_path, ("summary: A work for a test.", "summary: TODO"), ("title: A work", "title: TBD"))
    found = problems(tmp_path, ("id: one", "id: two"), ("title: A work", "title: TODO"), name="two")
    assert [f.split(": ")[0] for f in found] == ["works/one.yaml:4", "works/one.yaml:26", "works/two.yaml:4"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        lint(KNOWN, tmp_path / "none")


def _literature(tmp_path: Path) -> Path:
    for name in ("studies/salmonn.yaml", "reproductions/hufs.yaml"):
        target = tmp_path / "literature" / name
        target.parent.mkdir(parents=True)
        target.write_text((LITERATURE / name).read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path / "literature"


def test_studies_are_linted_too(tmp_path: Path) -> None:
    folder = _literature(tmp_path)
    assert lint_studies(literature.known(), folder) == []
    path = folder / "reproductions" / "hufs.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("convention: hufs-answers", "convention: hufs-answer"), encoding="utf-8")
    line = text[: text.index("convention: hufs-answers")].count("\n") + 1
    (found,) = lint_studies(literature.known(), folder)
    assert found.where == f"{path}:{line}: recorded[41].convention"
    assert "no convention `hufs-answer`" in found.what
    assert "hufs-answers" in found.fix


def test_a_reproduction_without_a_sound_study(tmp_path: Path) -> None:
    folder = _literature(tmp_path)
    path = folder / "studies" / "salmonn.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace('value: "2.1"', "value: 2.1", 1), encoding="utf-8")
    found = lint_studies({}, folder)
    assert [p.what.split(";")[0] for p in found] == ["no valid study `salmonn`", "2.1 is a float"]
