from __future__ import annotations

import itertools
from pathlib import Path
from typing import get_args

import pytest

from audit._util.strict_yaml import load
from audit.errors import InputError, MissingError
from audit.literature.grades import grades
from audit.literature.survey import named
from audit.literature.works import WORKS, Evidence, Relation, Work, find, load_works
from tests.support.literature_records import record

KEY = ("er-iemocap", "accuracy", "fairmllm")


@pytest.fixture(scope="module")
def works() -> tuple[Work, ...]:
    return load_works()


def grade(tmp_path: Path, *records: str) -> str:
    folder = tmp_path / "works"
    folder.mkdir(exist_ok=True)
    for text in records:
        name = text.split("id: ", 1)[1].split("\n", 1)[0]
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    known = {("er-iemocap", "accuracy"): {"fairmllm"}}
    return grades(load_works(folder), known)[KEY].grade


@pytest.mark.parametrize(
    ("relation", "kind", "verified", "expected"),
    [
        ("audited", "code", True, "A"),
        ("audited", "text", True, "A"),
        ("cited-metric-source", "code", True, "B"),
        ("cited-metric-source", "text", True, "B"),
        ("independent", "code", True, "C"),
        ("independent", "text", True, "D"),
        ("independent", "none", False, "E"),
        ("reproduction-team", "code", True, "E"),
        ("audit", "code", True, "E"),
        *((relation, kind, False, "E") for relation in get_args(Relation) for kind in ("code", "text")),
    ],
)
def test_a_grade_follows_from_relation_kind_and_verification(
    tmp_path: Path, relation: str, kind: str, verified: bool, expected: str
) -> None:
    assert grade(tmp_path, record("one", relation=relation, kind=kind, verified=verified)) == expected


def test_a_new_file_changes_the_grade_without_any_python(tmp_path: Path) -> None:
    assert grade(tmp_path, record("team", relation="reproduction-team")) == "E"
    assert grade(tmp_path, record("text", kind="text")) == "D"
    assert grade(tmp_path, record("code")) == "C"
    assert grade(tmp_path, record("guess", relation="audited", verified=False)) == "C"
    assert grade(tmp_path, record("source", relation="cited-metric-source")) == "B"
    assert grade(tmp_path, record("authors", relation="audited", kind="text")) == "A"


def test_the_best_support_stands_first_and_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    texts = [record("zz", relation="audited"), record("aa", kind="text"), record("mm")]
    found = []
    for number, order in enumerate(itertools.permutations(texts)):
        folder = tmp_path / str(number)
        folder.mkdir()
        grade(folder, *order)
        result = grades(load_works(folder / "works"), {KEY[:2]: {KEY[2]}})[KEY]
        found.append([(s.work, s.grade) for s in result.support])
    assert found == [[("zz", "A"), ("mm", "C"), ("aa", "D")]] * 6


def test_an_entry_may_have_another_relation_than_its_record(works: tuple[Work, ...]) -> None:
    (covost2,) = [work for work in works if work.id == "covost2"]
    found = grades([covost2], named([covost2]))
    assert found["st-en-zh", "bleu", "covost2"].grade == "B"
    assert found["asr-librispeech-clean", "wer", "covost2-wer"].of_step("normaliser")[0] == "D"


@pytest.mark.parametrize(
    ("key", "of", "expected"),
    [
        (("story-audiocaps", "diversity", "appendix-e"), "hufs salmonn", "E"),
        (("sf-slurp", "following-rate", "appendix-e"), "salmonn", "E"),
        (("sqqa-wikiqa", "accuracy", "paper-judge"), "salmonn", "A"),
        (("er-iemocap", "accuracy", "iemocap-4way"), "wu2021-emotion", "E"),
        (("mc-musiccaps", "bleu", "lp-musiccaps"), "lp-musiccaps", "B"),
        (("aac-audiocaps", "spider", "coco"), "coco-caption qwen-audio ultraeval-audio wavcaps", "B"),
        (("pr-librispeech", "per", "phones-nosil-stress"), "repro-audit wavlm", "E"),
        (("asr-gigaspeech", "wer", "gigaspeech-official"), "gigaspeech", "E"),
        (("asr-librispeech-clean", "wer", "gigaspeech-official"), "repro-audit", "E"),
        (("osr-librimix", "wer", "cpwer"), "huang2023-multitalker meeteval sot t-sot whisper-multitalker", "E"),
        (("asr-librispeech-clean", "wer", "hufs"), "bonzi-salmonn hufs", "C"),
        (("asr-gigaspeech", "wer", "hufs"), "hufs", "E"),
        (("st-en-ja", "bleu", "hufs-char-normalised-eos-kana"), "hufs", "E"),
        (("sqqa-wikiqa", "following-rate", "hufs-answers"), "hufs", "E"),
        (("st-en-zh", "bleu", "audiobench"), "audiobench", "C"),
        (("st-en-de", "bleu", "audiobench"), "repro-audit", "E"),
    ],
)
def test_grades_of_the_survey(works: tuple[Work, ...], key: tuple[str, str, str], of: str, expected: str) -> None:
    """By the records of these works; a record of another work may give a better one."""
    chosen = [work for work in works if work.id in of.split()]
    assert len(chosen) == len(of.split())
    assert grades(chosen, named(chosen))[key].grade == expected
    assert grades(works, named(works))[key].grade <= expected


def test_the_survey_is_whole(works: tuple[Work, ...]) -> None:
    assert len(works) >= 60
    assert {item for w in works for item in w.survey_items} == set(range(1, 21))
    ids = {w.id for w in works}
    assert {"salmonn", "hufs", "cmi-bench", "typhoon2", "nota-audiolm-evaluator", "sakura", "jasco"} <= ids
    arxiv = {w.arxiv for w in works}
    assert {"2010.14102", "2407.09817", "2202.00842", "2003.12687", "2007.10310", "2307.16372"} <= arxiv
    assert {"kpg", "wikiqa", "slurp", "coco-caption", "aac-metrics", "meeteval", "gigaspeech"} <= ids


def test_what_deck_and_code_disagree_on_is_recorded(works: tuple[Work, ...]) -> None:
    found = {(w.id, d.about) for w in works for d in w.disagreements}
    assert ("cmi-bench", "BLEU tokens") in found
    assert ("audiobench", "BLEU tokenizer before flores101") in found
    assert ("nota-audiolm-evaluator", "SPIDEr") in found


def test_every_record_says_what_its_file_says(works: tuple[Work, ...]) -> None:
    for value in works:
        data = load(WORKS / f"{value.id}.yaml").data
        assert [e.value for e in value.tasks] == [e["value"] for e in data["tasks"]]
        assert value.relation == data["relation"]
        for entry, written in zip(value.tasks, data["tasks"], strict=True):
            assert entry.treatment == written.get("treatment", data["salmonn"]["treatment"])
            assert [e.verified for e in entry.evidence] == [e["verified"] for e in written["evidence"]]


def test_a_path_without_a_repository_lies_in_the_works_own(tmp_path: Path) -> None:
    folder = tmp_path / "works"
    folder.mkdir()
    text = record("one").replace(
        "verified: true\n", "verified: true\n      - kind: text\n        section: section 4\n        verified: true\n"
    )
    (folder / "one.yaml").write_text(text, encoding="utf-8")
    code, paper = load_works(folder)[0].tasks[0].evidence
    assert (code.repo, code.commit) == ("owner/name", "a" * 40)
    assert (paper.repo, paper.commit) == (None, None)


def test_links_of_evidence() -> None:
    commit = "b" * 40
    one = Evidence("code", verified=True, repo="o/n", commit=commit, path="a/b.py", lines="3-9")
    assert one.urls() == (f"https://github.com/o/n/blob/{commit}/a/b.py#L3-L9",)
    assert one.text() == "o/n@bbbbbbbb, a/b.py, lines 3-9"
    two = Evidence("code", verified=False, repo="o/n", path="a.py", lines="3-9,12")
    assert two.urls() == ("https://github.com/o/n/blob/HEAD/a.py#L3-L9",)
    assert two.text().endswith("unverified")
    folder = Evidence("code", verified=True, repo="o/n", commit=commit, path="b/", verified_by="A. Reader, 2026-11-28")
    assert folder.urls() == (f"https://github.com/o/n/tree/{commit}/b/",)
    assert folder.text().endswith("b/, opened by A. Reader, 2026-11-28")
    assert Evidence("none", verified=False).text() == "unverified"
    assert Evidence("text", verified=True, section="Table 2").urls() == ()
    line = Evidence("code", verified=True, repo="o/n", commit=commit, path="a.py", lines="3")
    assert line.urls() == (f"https://github.com/o/n/blob/{commit}/a.py#L3",)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="folder of records"):
        load_works(tmp_path / "none")


def test_two_records_with_one_id(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(record("one"), encoding="utf-8")
    with pytest.raises(InputError, match=r"duplicate id `one`, also in one\.yaml") as error:
        load_works(tmp_path)
    assert error.value.where == f"{tmp_path / 'two.yaml'}:2: id"


def test_a_record_that_is_asked_for_by_a_wrong_name(works: tuple[Work, ...]) -> None:
    assert find(works, "diva").id == "diva"
    with pytest.raises(InputError) as error:
        find(works, "qwen2audio")
    assert "qwen2-audio" in str(error.value.fix)
