"""The front door: what `import audit` exports, what it costs, and what comes of bad input."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import audit
from tests.support.paths import ROOT

OUTPUTS, REFERENCES = ["the cat sat", "uh two dogs"], ["The cat sat.", "2 dogs"]


def modules_after(code: str) -> set[str]:
    script = f"{code}\nimport sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_what_is_exported() -> None:
    assert audit.__all__ == sorted(audit.__all__)
    assert dir(audit) == audit.__all__
    assert set(audit.__all__) == {
        "AuditError", "AuditRequest", "CheckFailedError", "ClaimRequest", "InputError", "MissingError", "PlanRequest",
        "attribute", "audit", "compare", "explain", "explain_jointly", "load_audit", "load_predictions", "load_study",
        "multiverse", "plan", "render", "rows", "score", "survey", "verify",
    }  # fmt: skip
    for name in audit.__all__:
        assert getattr(audit, name).__doc__, name
    with pytest.raises(AttributeError, match="module 'audit' has no attribute 'nothing'"):
        audit.nothing  # noqa: B018


def test_importing_it_loads_next_to_nothing() -> None:
    """Counted in modules, since a time says something of the machine."""
    more = modules_after("import audit") - modules_after("pass")
    assert "audit.api" not in more
    assert {name for name in more if name.split(".")[0] not in {"audit", "tasks"}} <= set(sys.stdlib_module_names) | {
        name for name in more if name.split(".")[0] in sys.stdlib_module_names
    }
    assert len(more) < 40


def test_a_request_is_made_without_loading_what_answers_it() -> None:
    more = modules_after("import audit; audit.AuditRequest()")
    assert not {"numpy", "sacrebleu", "jinja2", "yaml"} & more


def test_lists_are_scored_under_every_convention_of_a_family() -> None:
    table = audit.score("asr", OUTPUTS, REFERENCES, replicates=0, model="m")
    assert table["verbatim"].exact == Fraction(400, 5)
    assert table["audiobench"].exact == 0
    assert table[0] is table.scores[0]
    assert table[:2] == table.scores[:2]
    assert len(table) == len(table.scores) == len(list(table))
    assert repr(table).startswith("asr: 2 rows of m (unknown)\n  wer ")
    page = table._repr_html_()
    assert page.count("<tr>") == len(table) + 1
    assert "<td>verbatim</td><td>80.0000</td><td></td><td>2 of 2</td>" in page


def test_a_table_escapes_what_it_shows() -> None:
    table = audit.score("asr", ["a"], ["a"], replicates=0, model="<script>")
    assert "<script>" not in table._repr_html_()


def test_the_same_rows_in_every_form_give_the_same_scores(tmp_path: Path) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    records = [
        {"id": f"{n:06}", "hypothesis": o, "reference": r}
        for n, (o, r) in enumerate(zip(OUTPUTS, REFERENCES, strict=True))
    ]
    expected = audit.score("asr-librispeech-clean", OUTPUTS, REFERENCES, replicates=50).records()
    for rows in (records, pandas.DataFrame(records), polars.DataFrame(records)):
        assert audit.score("asr-librispeech-clean", rows, replicates=50).records() == expected
    done = audit.score("asr-librispeech-clean", pandas.DataFrame(records), replicates=0).to_pandas()
    assert list(done["convention"]) == [item["convention"] for item in expected]
    assert done.set_index("convention").loc["verbatim", "value"] == pytest.approx(80.0)


def test_a_frame_with_empty_cells_and_lists_of_references() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "hypothesis": ["a dog barks", "rain"],
            "reference": [["a dog barks", "barking"], ["it rains"]],
            "prompt": ["p", None],
        }
    )
    table = audit.score("aac-audiocaps", frame, metrics=["meteor"], replicates=0)
    assert [row.prompt for row in table.predictions.rows] == ["p", None]


def test_a_file_and_its_folder(tmp_path: Path) -> None:
    from audit.cli import main

    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "1", "hypothesis": "two dogs", "reference": "2 dogs"}\n', encoding="utf-8")
    assert main(["import", "jsonl", str(source), "--task", "asr-librispeech-clean", "--model", "m", "--variant", "13b",
                 "--out", str(tmp_path)]) == 0  # fmt: skip
    rows = audit.load_predictions(tmp_path, "asr-librispeech-clean")
    assert [row.hypothesis for row in rows.rows] == ["two dogs"]
    values = [
        audit.score("asr-librispeech-clean", given, replicates=0).records()
        for given in (rows, tmp_path, tmp_path / "asr-librispeech-clean.jsonl", str(tmp_path))
    ]
    assert values[1:] == values[:-1]


@pytest.mark.parametrize(
    ("arguments", "keywords", "what", "where", "fix"),
    [
        (("asr", ["a"], ["a", "b"]), {}, "1 outputs, but 2 references", None, "Give as many references"),
        (("asr", ["a"]), {}, "outputs without references", None, "references=[...]"),
        (("asr", ["a"], ["a"]), {"ids": ["x", "y"]}, "1 outputs, but 2 ids", None, "as many ids"),
        (("asr", ["a", "b"], ["a", "b"]), {"ids": ["x", "x"]}, "duplicate id 'x'", "row 1: id", "a unique id"),
        (("asr", [], []), {}, "no rows", None, "at least one output"),
        (("asr", [None], ["a"]), {}, "null without a reason", "row 0: hypothesis", "the raw output as a string"),
        (("asr", ["a"], [["a"]]), {}, "must be a string", "row 0: reference", "predictions.md"),
        (("asr", [{"hypothesis": "a", "reference": "b", "refs": "c"}]), {}, "unknown field 'refs'", "row 0", "fields id,"),
        (("asr", [{"hypothesis": "a", "reference": object()}]), {}, "unsupported type object", None, "Use strings"),
        (("no-task", ["a"], ["a"]), {}, "unknown task or family 'no-task'", None, "asr-librispeech-clean"),
        (("multiple-choice", ["a"], ["a"]), {"metrics": ["bleu"]}, "has no metric 'bleu'", None, "Metrics: "),
        (("asr", ["a"], ["a"]), {"conventions": ["nobody"]}, "has no convention 'nobody'", None, "Conventions: "),
        (("asr", ["a"], ["a"]), {"replicates": -1}, "must not be negative", "replicates", "0 for no intervals"),
        (("asr", "no/such/file.jsonl"), {}, "cannot be read", "no/such/file.meta.json", "Every predictions file"),
    ],
)  # fmt: skip
def test_bad_input_is_an_exception_with_fields(
    arguments: tuple[Any, ...], keywords: dict[str, Any], what: str, where: str | None, fix: str
) -> None:
    with pytest.raises(audit.InputError) as caught:
        audit.score(*arguments, **keywords)
    assert what in caught.value.what
    assert (caught.value.where or "").endswith(where) if where else caught.value.where is None
    assert fix in (caught.value.fix or "")


def test_a_convention_that_is_not_there_is_named_with_those_that_are() -> None:
    table = audit.score("asr", OUTPUTS, REFERENCES, replicates=0)
    with pytest.raises(audit.InputError, match="no score under the convention 'nobody'") as caught:
        table["nobody"]
    assert "audiobench" in (caught.value.fix or "")


def test_multiverse_and_explanation_agree() -> None:
    universe = audit.multiverse("asr-librispeech-clean", OUTPUTS, REFERENCES)
    assert len(universe.outcomes) == 1775
    assert len(universe.known) == 1421  # the others keep no row
    figure = universe.curve(reported="80.0")
    assert figure._repr_svg_().startswith("<svg ")
    assert "reported 80.0" in figure.svg
    answer = audit.explain("asr-librispeech-clean", OUTPUTS, REFERENCES, value="80.0").answer
    assert {n for o in answer.matches for n in o.pipeline.known_as} == {"verbatim"}
    with pytest.raises(audit.InputError) as caught:
        audit.explain("asr-librispeech-clean", OUTPUTS, REFERENCES, value="eighty")
    assert "'eighty'" in caught.value.what


def test_an_audit_from_the_request_to_the_page(tmp_path: Path) -> None:
    result = audit.audit(audit.AuditRequest(study="sakura", predictions=tmp_path, replicates=0))
    study = audit.load_study("sakura")
    assert result.study.claims == study.claims
    assert result.document.claims == tuple(claim for claim in study.claims if claim.model is None)
    assert result.document.others == tuple(claim for claim in study.claims if claim.model is not None)
    page = audit.render(result, "html")
    assert page == audit.render(result.document)
    assert page.startswith(b"<!DOCTYPE html>")
    assert audit.render(result, "csv").count(b"\n") > len(result.document.claims)
    from audit.document.write import to_bytes

    (tmp_path / "audit.json").write_bytes(to_bytes(result.document))
    assert audit.load_audit(tmp_path / "audit.json") == result.document
    with pytest.raises(audit.InputError, match="unknown format 'docx'"):
        audit.render(result, "docx")  # type: ignore[arg-type]
    with pytest.raises(audit.InputError, match="there is no study nobody"):
        audit.load_study("nobody")
    with pytest.raises(audit.InputError, match="must not be negative"):
        audit.AuditRequest(replicates=-1)


def test_verifying_what_is_no_package(tmp_path: Path) -> None:
    report = audit.verify(tmp_path)
    assert not report.intact
    with pytest.raises(audit.InputError, match="needs the predictions"):
        audit.verify(tmp_path, rescore=True)
