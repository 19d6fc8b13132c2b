"""No sentence of a set whose card does not allow it is in an audit's document."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from audit._util.paths import LITERATURE
from audit.analysis.withheld_texts import WITHHELD, _mask, is_sentence, withhold
from audit.document.read import structure
from audit.document.write import to_bytes
from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run
from audit.schema import AuditDocument
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import PredictionSet
from tasks.row import Row
from tests.support import run_files
from tests.support.example_audit import build

SPOKEN = "how many colours does the flag of that small country have"
CHOSEN = [
    "It is the colour of the sea at night",
    "None of the answers above is right",
    "The second speaker laughs first",
]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("yes", False),
        ("the cat", False),
        ("New York City", False),
        ("so it is now", True),
        ("1089-134686-0000", False),
        ("\u6211\u559c\u6b22\u5403", True),
        ("\u5bf9", False),
        ("\uadf8\ub294 \uc5b4\uc81c \uc9d1\uc5d0 \uac14\ub2e4", True),
        ("\uace0\ub9d9\uc2b5\ub2c8\ub2e4", False),
    ],
)
def test_what_a_sentence_is(text: str, sentence: bool) -> None:
    assert is_sentence(text) == sentence


def literature(folder: Path, card: str, state: str) -> Path:
    """The project's literature, in which a card says whether its texts may be published."""
    shutil.copytree(LITERATURE, folder)
    path = folder / "sets" / f"{card}.yaml"
    lines = path.read_text(encoding="utf-8").split("\n")
    place = lines.index("publish_text:") + 1
    lines[place] = f"  state: '{state}'"
    path.write_text("\n".join(lines), encoding="utf-8")
    return folder


def document(literature: Path, predictions: Path, study: str = "salmonn") -> dict[str, Any]:
    request = AuditRequest(study=study, literature=literature, predictions=predictions, replicates=0)
    found: dict[str, Any] = json.loads(to_bytes(run(request).document))
    return found


def questions(folder: Path) -> Path:
    """Spoken questions whose text is in the prompts, the references, the outputs and the ids' neighbours."""
    rows = []
    for number in range(12):
        question = f"{SPOKEN} in the year {1900 + number}"
        rows.append(
            {
                "id": f"Q{number:04}",
                "hypothesis": f"The flag of it has {number} colours and no stars",
                "reference": {"question": question, "answers": [f"It had exactly {number} of them"]},
                "prompt": f"Answer: {question}?" if number else "Please answer the question.",
            }
        )
    run_files.write(folder, "sqqa-wikiqa", rows, variant="13b")
    return folder


def test_a_card_that_does_not_allow_it(tmp_path: Path) -> None:
    predictions = questions(tmp_path / "p")
    for state in ("unknown", "no"):
        found = document(literature(tmp_path / state, "wikiqa-test", state), predictions)
        text = json.dumps(found, ensure_ascii=False)
        assert found["identities"][0]["card"] == "wikiqa-test"
        assert SPOKEN not in text
        assert "of it has" not in text
        assert "It had exactly" not in text
        prompts = found["findings"]["prompts"]["sqqa-wikiqa"]
        assert prompts
        assert {item["prompt"] for item in prompts[0]["prompts"]} == {WITHHELD}


GOLD = 'It\u2019s the "second" speaker who laughs first'
TASK = "asr-librispeech-clean"


def quoted(rows: tuple[Row, ...], path: str) -> AuditDocument:
    """A document in which every part that comes from rows quotes one."""
    value = build(hostile=False)
    measured = value["measurements"][0] | {
        "prediction": {"path": path, "sha256": "0" * 64},
        "note": f"Row 1 cannot be read: the answer {GOLD!r} is not among the choices; 2 more rows likewise.",
        "invalid": [{"code": "x", "text": f"all 3 gold answers are {GOLD.lower()!r}: a constant answer scores 1"}],
    }
    other = {**measured, "id": "other", "prediction": {"path": "predictions/other.jsonl", "sha256": "0" * 64}}
    value["measurements"] = [measured, other]
    value["verdicts"] = [{**v, "measurement": None, "supporting": [], "reasons": []} for v in value["verdicts"]]
    wordings = (rows[0].prompt, f"Is it this: {CHOSEN[0]}?")
    of_prompts = [{"prompt": wording, "rows": 1, "value": "1"} for wording in wordings]
    value["findings"] = {
        "prompts": {TASK: [{"convention": "c", "metric": "wer", "rows": 3, "prompts": of_prompts}]},
        "baselines": {
            TASK: [{"convention": "c", "answer": answer, "correct": 1, "total": 3} for answer in (GOLD, "yes")]
        },
        "probe-prompts": {TASK: {"prompts": [f"Say: {CHOSEN[1]}"], "first": "something else entirely was said"}},
    }
    return structure(value, "made")


def test_reasons_and_findings_that_quote_a_row() -> None:
    rows = tuple(
        Row(
            str(n), "something else entirely was said", GOLD, prompt=f"What happens in clip {n} at its end?",
            extra={"choices": CHOSEN, "error": "no such file was found here"},
        )
        for n in range(3)
    )  # fmt: skip
    path = Path(f"predictions/{TASK}.jsonl")
    found = quoted(rows, str(path))
    again = withhold(found, [PredictionSet(TASK, rows, PredictionMeta("t", "m", "v"), path, "", "")])
    first, untouched = again.measurements
    assert first.note == (
        f"Row 1 cannot be read: the answer '{WITHHELD}' is not among the choices; 2 more rows likewise."
    )
    assert first.invalid[0].text == f"all 3 gold answers are '{WITHHELD}': a constant answer scores 1"
    assert untouched == found.measurements[1]
    prompts = again.findings.prompts[TASK][0].prompts
    assert [item.prompt for item in prompts] == [WITHHELD, WITHHELD]
    assert [item.answer for item in again.findings.baselines[TASK]] == [WITHHELD, "yes"]
    assert again.findings.probes["probe-prompts"][TASK] == {"prompts": [f"Say: {WITHHELD}"], "first": WITHHELD}
    assert not any(choice in to_bytes(again).decode() for choice in CHOSEN)
    assert (again.claims, again.conventions) == (found.claims, found.conventions)


def test_a_text_that_is_cut_off_and_texts_beside_each_other() -> None:
    long = "one two three four five six seven eight nine ten eleven"
    cut = f"it said '{long[:43]}"
    mask = _mask([cut, f"{long}, {long}!", "one two three four, and no more"], [Row("1", long, "x")])
    assert mask(cut) == f"it said '{WITHHELD}"
    assert mask(f"{long}, {long}!") == f"{WITHHELD}, {WITHHELD}!"
    assert mask("one two three four, and no more") == "one two three four, and no more"


def test_a_card_that_allows_it_changes_nothing(tmp_path: Path) -> None:
    """The prompts of a set that may be published, and whose rows are known to be its own, are shown."""
    rows = [
        {"id": f"{n:04}", "hypothesis": "happy", "reference": ("Happy", "Sad", "Neutral", "Angry")[n % 4],
         "prompt": f"Describe the emotion of the speaker in one word, please, as for clip {n % 5}."}
        for n in range(40)
    ]  # fmt: skip
    run_files.write(tmp_path / "p", "er-iemocap", rows, variant="13b")
    found = document(LITERATURE, tmp_path / "p")
    prompts = found["findings"]["prompts"]["er-iemocap"][0]["prompts"]
    assert {item["prompt"] for item in prompts} == {row["prompt"] for row in rows}
