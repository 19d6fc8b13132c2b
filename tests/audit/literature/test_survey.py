from __future__ import annotations

import csv
import io
import itertools
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from audit._util import canonical_json
from audit._util.paths import LITERATURE
from audit.document.write import plain
from audit.literature.export import CSV_FIELDS, bibtex, conventions_table, matrix, record_text, steps, table_csv
from audit.literature.grades import grades
from audit.literature.studies import Study, load_study
from audit.literature.survey import cells, checkable, named, reference, survey
from audit.literature.works import Work, load_works
from audit.schema import GradedConvention, Survey
from tests.support.literature_records import record


@pytest.fixture(scope="module")
def works() -> tuple[Work, ...]:
    return load_works()


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study(LITERATURE / "studies" / "salmonn.yaml")


@pytest.fixture(scope="module")
def data(works: tuple[Work, ...], study: Study) -> Survey:
    return survey(works, study.claims)


def test_it_is_json_without_floats_and_always_the_same(works: tuple[Work, ...], study: Study) -> None:
    first = canonical_json.dumps(plain(survey(works, study.claims)))
    assert json.loads(first)
    assert canonical_json.dumps(plain(survey(load_works(), study.claims))) == first


def test_the_columns_are_the_tables_tasks(data: Survey, study: Study) -> None:
    assert [t.id for t in data.tasks] == list(dict.fromkeys(c.task for c in study.claims))
    assert len(data.tasks) == 17
    assert sum(len(t.metrics) for t in data.tasks) == len(study.claims)


def test_every_cell_points_at_entries_with_evidence(data: Survey) -> None:
    entries = {w.id: w.entries for w in data.works}
    found = cells(data)
    for (work, task), cell in found.items():
        assert cell.entries
        for index in cell.entries:
            assert task in entries[work][index].tasks
            assert entries[work][index].evidence
    for work, task, same, treatment, code in [
        ("qwen2-audio", "st-en-zh", "partly", "copied", "yes"),
        ("audiobench", "asr-librispeech-clean", "yes", "evaluated", "yes"),
        ("ahamask", "osr-librimix", "unknown", "evaluated", "partial"),
        ("cmi-bench", "asr-gigaspeech", "no", "evaluated", "yes"),
        ("salmonn", "sac-inhouse", "yes", "evaluated", "partial"),
    ]:
        cell = found[work, task]
        assert (cell.same_data, cell.treatment, cell.code) == (same, treatment, code)
    assert ("mmau", "er-iemocap") not in found


def test_the_audits_own_record_is_no_surveyed_work(data: Survey) -> None:
    assert "repro-audit" not in {row.work for row in data.matrix}
    assert "repro-audit" not in {row.work for row in data.bibliography}


def test_the_steps_narrow_down(data: Survey) -> None:
    found = data.checkable
    sets = [set(step.works) for step in found.steps]
    assert [step.id for step in found.steps] == ["citing", "evaluated", "same_data", "checkable", "recomputable"]
    for wider, narrower in itertools.pairwise(sets):
        assert narrower < wider
    assert {"audiobench", "cmi-bench", "diva"} <= sets[-1]
    assert "funaudiollm" not in sets[3]  # it ran SALMONN on IEMOCAP and published no code
    assert "qwen2-audio" not in sets[1]  # it copies
    assert not sets[0] & set(found.unknown)
    share = 100 * len(sets[3]) / len(sets[0])
    assert found.fraction is not None
    assert abs(float(found.fraction) - share) <= 0.05
    assert found.survey_list is not None
    assert found.survey_list.records == 19  # item 14 names two works that have items of their own


def test_nothing_can_be_checked_of_nothing() -> None:
    assert checkable([]).fraction is None


def test_conventions_have_the_grades_that_follow_from_the_records(data: Survey, works: tuple[Work, ...]) -> None:
    expected = grades(works, named(works))
    assert {(c.task, c.metric, c.convention): c.grade for c in data.conventions} == {
        key: grading.grade for key, grading in expected.items()
    }


def test_a_convention_that_no_record_names_is_shown_with_grade_e(works: tuple[Work, ...], study: Study) -> None:
    found = survey(works, study.claims, {("er-iemocap", "accuracy"): {"brand-new"}}).conventions
    assert found == (GradedConvention("er-iemocap", "accuracy", "brand-new", "E", ()),)


def test_a_new_record_changes_grades_matrix_and_bibliography(tmp_path: Path, study: Study) -> None:
    for path in (LITERATURE / "works").glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = survey(load_works(tmp_path), study.claims)
    text = record("newcomer", relation="independent", kind="text").replace("[fairmllm]", "[ltu-as, iemocap-4way]")
    (tmp_path / "newcomer.yaml").write_text(
        text.replace("relation: independent", "relation: audited"), encoding="utf-8"
    )
    after = survey(load_works(tmp_path), study.claims)
    key = ("er-iemocap", "accuracy", "iemocap-4way")
    grade = {
        name: {(c.task, c.metric, c.convention): c.grade for c in found.conventions}[key]
        for name, found in (("before", before), ("after", after))
    }
    assert grade == {"before": "E", "after": "A"}
    assert ("newcomer", "er-iemocap") in cells(after)
    assert ("newcomer", "er-iemocap") not in cells(before)
    assert {b.work for b in after.bibliography} - {b.work for b in before.bibliography} == {"newcomer"}


def test_disagreements_name_both_sides(data: Survey) -> None:
    found = [d for d in data.disagreements if d.work == "cmi-bench"]
    assert {d.about for d in found} == {"BLEU tokens", "word error rate"}
    assert all(d.said and d.found and d.found_in for d in data.disagreements)


def test_references(works: tuple[Work, ...]) -> None:
    by_id = {w.id: reference(w) for w in works}
    assert "Reinhold Haeb-Umbach: MeetEval: A Toolkit" in by_id["meeteval"]
    assert "CHiME, 2023. arXiv:2307.11394. doi:10.21437/CHiME.2023-6." in by_id["meeteval"]
    assert by_id["slam-llm"].startswith("Ziyang Ma, ")
    assert " et al.: SLAM-LLM. " in by_id["slam-llm"]
    assert "Zachary Novack: Are you really listening? Boosting" in by_id["rulistening"]
    assert "EMNLP, 2020. arXiv:2011.13205." in by_id["slurp"]
    assert "arXiv, 2024. arXiv:2407.10759." in by_id["qwen2-audio"]


def test_a_work_without_known_authors(tmp_path: Path, study: Study) -> None:
    text = record("one").replace("authors: [A. Author]", "authors: []").replace("_complete: true", "_complete: false")
    (tmp_path / "one.yaml").write_text(text, encoding="utf-8")
    works = load_works(tmp_path)
    assert survey(works, study.claims).bibliography[0].text.startswith("A work. arXiv, 2026.")
    assert "author" not in bibtex(works)


def test_bibtex_is_balanced_and_escaped(works: tuple[Work, ...]) -> None:
    text = bibtex(works)
    kinds = Counter(w.entry_type for w in works)
    assert {kind: text.count(f"@{kind}{{") for kind in kinds} == kinds
    depth = 0
    previous = ""
    for character in text:
        if previous != "\\":
            depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
        previous = character
    assert depth == 0
    assert r"2025\_investigating\_mmshap" in text
    assert "Haina Zhu and others}" in text  # the source ends the list with others
    assert "@inproceedings{audiobench,\n" in text
    assert "  year = {2025},\n  booktitle = {NAACL}," in text
    assert "  year = {2024},\n  journal = {IEEE/ACM Transactions on Audio, Speech, and Language Processing}," in text
    assert "author = {Giovana Morais and Magdalena Fuentes}" in text


def test_csv_has_one_line_an_entry(works: tuple[Work, ...]) -> None:
    rows = list(csv.DictReader(io.StringIO(table_csv(works), newline="")))
    assert list(rows[0]) == list(CSV_FIELDS)
    assert len(rows) == sum(max(1, len(w.tasks)) for w in works)
    (row,) = [r for r in rows if r["work"] == "cmi-bench" and r["data"] == "MusicCaps"]
    assert row["conventions"] == "cmi-bench cmi-bench-bleu4"
    assert row["value"] == "1.23 | 4.60 | 6.26 | 82.98"
    assert row["same_data"] == "partly"


@pytest.mark.parametrize("title", ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1"])
def test_no_text_of_the_csv_is_a_formula(works: tuple[Work, ...], title: str) -> None:
    text = table_csv([replace(works[0], title=title)])
    assert {row["title"] for row in csv.DictReader(io.StringIO(text, newline=""))} == {f"'{title}"}


def test_the_matrix_in_letters(data: Survey) -> None:
    lines = matrix(data).splitlines()
    (line,) = [line for line in lines if line.startswith("audiobench ")]
    assert line.split() == ["audiobench", "Ye+", "Ye+", "?e+", "Ye+", "pe+", ".", "pe+", *["."] * 10]
    (line,) = [line for line in lines if line.startswith("funaudiollm ")]
    assert "pe " in line
    assert "16  story-audiocaps (Story, AudioCaps)" in lines


def test_texts_for_the_terminal(data: Survey, works: tuple[Work, ...]) -> None:
    assert "  B  lp-musiccaps: lp-musiccaps" in conventions_table(data).splitlines()
    assert "% of the citing works can be checked at all." in steps(data)
    work = next(w for w in works if w.id == "audiobench")
    text = record_text(work, grades(works, named(works)))
    assert "convention: audiobench-2024, grade C" in text
    assert "Disagreement on BLEU tokenizer before flores101:" in text
    assert "Unverified:" in text
