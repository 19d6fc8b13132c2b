from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tasks.datasets import manifest as manifests
from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make, with_hashes
from tasks.datasets.registry import READERS, Options, read
from tests.support.layouts import LAYOUTS, covost, inspec, librispeech, sound, wikiqa

# What the layouts above hold: (id, first audio file, reference, query) of the first item, and the number of items.
EXPECTED: dict[str, tuple[tuple[str, str, Any, str | None], int]] = {
    "asr-librispeech-clean": (("1089-134686-0000", "test-clean/1089/134686/1089-134686-0000.flac", "HE HOPED", None), 2),
    "asr-librispeech-other": (("1089-134686-0000", "test-other/1089/134686/1089-134686-0000.flac", "HE HOPED", None), 2),
    "pr-librispeech": (("1089-134686-0000", "test-clean/1089/134686/1089-134686-0000.flac", "sil HH IY1 sil", None), 1),
    "asr-gigaspeech": (("POD1_S0000000", "data/audio/test_files/test_chunks_0000/POD1_S0000000.wav",
                        "AS THEY'RE <COMMA> SAID", None), 2),
    "st-en-zh": (("common_voice_en_1", "clips/common_voice_en_1.mp3", "“不", None), 1),
    "st-en-de": (("common_voice_en_1", "clips/common_voice_en_1.mp3", "“不", None), 1),
    "st-en-ja": (("common_voice_en_1", "clips/common_voice_en_1.mp3", "“不", None), 1),
    "aac-audiocaps": (("-xY_10", "audio/Y-xY_10.wav", ["Rain"], None), 2),
    "story-audiocaps": (("-xY_10", "audio/Y-xY_10.wav", None, None), 2),
    "er-iemocap": (("Ses05F_impro01_F000", "Session5/sentences/wav/Ses05F_impro01/Ses05F_impro01_F000.wav", "Neutral",
                    None), 5),
    "mc-musiccaps": (("a1", "wav/[a1]-[30-40].wav", "Slow, sad", None), 1),
    "osr-librimix": (("1089-134686-0000_1089-134686-0001", "test/mix_clean/1089-134686-0000_1089-134686-0001.wav",
                      ["HE HOPED", "STUFF IT"], None), 1),
    "sv-voxceleb1": (("000001", "wav/id10270/x6uYqmx31kE/00001.wav", "Yes", None), 2),
    "ke-inspec": (("193", "193.wav", ["adaptive filters", "new method"], None), 1),
    "sqqa-wikiqa": (("Q0", "Q0.wav", {"question": 'how "old is it', "answers": ["It is ten."], "candidates":
                    [{"text": "It is ten.", "label": 1}, {"text": "No.", "label": 0}]}, None), 2),
    "sf-slurp": (("audio-1_0_time", "audio/slurp_real/audio-1.flac",
                  {"slot": "time", "value": "nine am", "transcript": "wake me at nine am on friday"}, "time"), 4),
    **{f"sakura-{track}-{hops}": (("dog1", f"{track.capitalize()}/audio/dog1.wav",
        a, q), 1)
       for track in ("animal", "emotion", "gender", "language")
       for hops, q, a in (("single", "Which animal? (a) dog (b) red crow", "(a) dog"),
                          ("multi", "How does it move? (a) Flying (b) Walking", "(b) Walking"))},
}  # fmt: skip


def made(task: str, root: Path) -> Manifest:
    root.mkdir(parents=True, exist_ok=True)
    return read(task, root, LAYOUTS[READERS[task]](root))


@pytest.mark.parametrize("task", list(READERS))
def test_the_official_layout_is_read(task: str, tmp_path: Path) -> None:
    found = made(task, tmp_path)
    (name, path, reference, query), count = EXPECTED[task]
    first = found.items[0]
    assert (first.id, first.audio[0], first.reference, first.query) == (name, path, reference, query)
    assert len(found.items) == count
    missing = [text for text in found.missing if not text.startswith("transcript of 1-2-3 ")]
    assert missing == []
    assert all(path.is_file() for item in found.items for path in found.paths(item))


@pytest.mark.parametrize("task", list(READERS))
def test_the_reference_is_what_the_scorer_takes(task: str, tmp_path: Path) -> None:
    from audit.literature.known_tasks import known_tasks as tasks

    if task not in tasks():
        pytest.skip(f"the scorers have no task {task}")
    for item in made(task, tmp_path).items:
        assert tasks()[task].reference_type.problem(item.reference) is None


def test_every_convention_of_spoken_questions_finds_its_sentences(tmp_path: Path) -> None:
    """One convention asks about the sentences labelled 1, another about all; a question may have none labelled 1."""
    from tasks.judging.conventions import find
    from tasks.row import Row

    rows = [Row(item.id, "Ten.", item.reference) for item in made("sqqa-wikiqa", tmp_path).items]
    asked = {}
    for name in ("paper-judge", "hufs-judge"):
        convention = find("spoken-qa", name, "accuracy")
        assert convention is not None
        asked[name] = [[part.values["answer"] for part in convention.parts(row, "")] for row in rows]
    assert asked == {"paper-judge": [["It is ten."], []], "hufs-judge": [["It is ten.", "No."], ["He."]]}


def test_a_label_that_is_none(tmp_path: Path) -> None:
    wikiqa(tmp_path)
    path = tmp_path / "WikiQACorpus/WikiQA-test.tsv"
    path.write_text(path.read_text().replace("He.\t0", "He.\t2"))
    with pytest.raises(DatasetError, match="label '2'"):
        read("sqqa-wikiqa", tmp_path, Options(speech=tmp_path / "voices"))


@pytest.mark.parametrize("task", list(READERS))
def test_missing_audio_is_listed_and_the_item_stays(task: str, tmp_path: Path) -> None:
    whole = made(task, tmp_path)
    item = whole.items[-1]
    whole.paths(item)[0].unlink()
    again = read(task, tmp_path, made_options(task, tmp_path))
    assert len(again.items) == len(whole.items)
    names = again.items[-1].audio
    assert names[0] in again.missing or READERS[task] in {"audiocaps", "musiccaps"}
    assert any(not path.is_file() for path in again.paths(again.items[-1]))
    assert len(again.missing) > len(whole.missing)


def made_options(task: str, root: Path) -> Options:
    other = root.parent / f"{root.name}-other"
    other.mkdir()
    options = LAYOUTS[READERS[task]](other)
    moved = {name: root / getattr(options, name).relative_to(other) for name in ("labels", "speech")
             if getattr(options, name) is not None}  # fmt: skip
    return Options(**moved)


@pytest.mark.parametrize("task", list(READERS))
def test_an_empty_folder_is_an_error_that_says_what_to_give(task: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        read(task, tmp_path, Options())
    assert caught.value.fix
    with pytest.raises(DatasetError, match="no such folder"):
        read(task, tmp_path / "nowhere", Options())


def test_a_set_that_was_never_published_is_said() -> None:
    with pytest.raises(DatasetError) as caught:
        read("sac-inhouse", Path("/"))
    assert "never published" in str(caught.value.fix)


def test_audio_without_a_transcript_and_a_transcript_without_audio_are_listed(tmp_path: Path) -> None:
    librispeech(tmp_path)
    folder = tmp_path / "test-clean/1089/134686"
    (folder / "1089-134686-0000.flac").unlink()
    sound(folder / "1089-134686-0009.flac")
    missing = read("asr-librispeech-clean", tmp_path).missing
    assert missing == (
        "transcript of test-clean/1089/134686/1089-134686-0009.flac",
        "test-clean/1089/134686/1089-134686-0000.flac",
    )


def test_the_ready_table_of_covost_is_taken_as_it_is(tmp_path: Path) -> None:
    covost(tmp_path)
    table = "path\tsentence\ttranslation\tclient_id\ncommon_voice_en_2.mp3\tYes\tJa\tc\n"
    (tmp_path / "en/covost_v2.en_de.test.tsv").write_text(table)
    found = read("st-en-de", tmp_path)
    assert [item.reference for item in found.items] == ["Ja"]
    assert found.missing == ("clips/common_voice_en_2.mp3",)


@pytest.mark.parametrize(
    ("task", "file", "text", "says"),
    [
        ("asr-librispeech-clean", "test-clean/1089/134686/1089-134686.trans.txt", "1089-134686-0000\n", "trans.txt:1"),
        ("asr-gigaspeech", "data/metadata/test_metadata/test_chunks_0000_metadata.csv", "sid,text\na,b\n", "text_tn"),
        ("st-en-zh", "en/covost_v2.en_zh-CN.tsv", "path\ttranslation\tsplit\na\tb\n", "tsv:2: wrong number"),
        ("aac-audiocaps", "test.csv", 'audiocap_id,youtube_id,start_time,caption\n1,a,2,"b" c\n', "not a table"),
        ("sv-voxceleb1", "veri_test.txt", "2 a b\n", "veri_test.txt:1: not `0|1 FILE FILE`"),
        ("sf-slurp", "dataset/slurp/test.jsonl", '{"sentence": 1}\n', "test.jsonl:1: the field sentence"),
        ("sf-slurp", "dataset/slurp/test.jsonl", "{\n", "test.jsonl:1: invalid JSON"),
        ("sakura-animal-single", "data/Animal/metadata.json", '{"a": {"file": "a.wav"}}', "single_instruction"),
        ("sakura-animal-single", "data/Animal/metadata.json", "[]", "not a JSON object"),
        ("pr-librispeech", "LS_testclean_pr.json", '{"annotation": [{"path": "x.flac", "text": ""}]}', "not name an"),
        ("ke-inspec", "Test/193.uncontr", None, "no such file"),
    ],
)
def test_a_broken_label_file_is_named(task: str, file: str, text: str | None, says: str, tmp_path: Path) -> None:
    options = LAYOUTS[READERS[task]](tmp_path)
    if text is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(text)
    with pytest.raises(DatasetError) as caught:
        read(task, tmp_path, options)
    assert says in str(caught.value)


def test_a_command_speaks_the_texts_once_and_the_voice_is_noted(tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("needs espeak-ng")
    inspec(tmp_path)
    shutil.rmtree(tmp_path / "speech")
    (tmp_path / "Test/193.abstr").write_text('Filters; "quoted" $(touch pwned) -v text')
    options = Options(tts="espeak-ng -w {wav} -- {text}")
    found = read("ke-inspec", tmp_path, options)
    wav = found.paths(found.items[0])[0]
    assert wav.stat().st_size > 1000
    assert any(note.startswith("not the paper's voice") and "espeak-ng" in note for note in found.notes)
    assert not Path("pwned").exists()
    before = wav.stat().st_mtime_ns
    read("ke-inspec", tmp_path, options)
    assert wav.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("no-such-program {text} {wav}", "cannot be run"),
        (f"{sys.executable} -c 'import sys; sys.exit(\"no voice\")' {{text}} {{wav}}", "no voice"),
        (f"{sys.executable} -c pass {{text}} {{wav}}", "it wrote no file"),
        ("espeak-ng", "must contain {text} and {wav}"),
    ],
)
def test_a_command_that_does_not_speak_is_an_error(tmp_path: Path, command: str, says: str) -> None:
    inspec(tmp_path)
    shutil.rmtree(tmp_path / "speech")
    with pytest.raises(DatasetError) as caught:
        read("ke-inspec", tmp_path, Options(tts=command))
    assert says in str(caught.value)


def test_a_manifest_is_a_file_with_a_hash_that_does_not_know_its_place(tmp_path: Path) -> None:
    one = with_hashes(made("asr-librispeech-clean", tmp_path / "one"))
    two = with_hashes(made("asr-librispeech-clean", tmp_path / "two"))
    assert one.root != two.root
    assert one.sha256 == two.sha256
    file = tmp_path / "manifest.jsonl"
    file.write_text(one.text(), "utf-8")
    assert manifests.read(file) == one
    assert manifests.read(file, two.root).root == two.root
    changed = one.paths(one.items[0])[0]
    changed.write_bytes(changed.read_bytes() + b"\0")
    assert with_hashes(one).sha256 != one.sha256
    file.write_text(one.text().replace("HE HOPED", "HE JUMPED"), "utf-8")
    with pytest.raises(DatasetError, match="the items were changed"):
        manifests.read(file)
    file.write_text("{}\n")
    with pytest.raises(DatasetError, match="not a manifest"):
        manifests.read(file)
    with pytest.raises(DatasetError, match="no such file"):
        manifests.read(tmp_path / "none")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"id": "a"}', "manifest.jsonl:2: not a manifest: the field reference is missing"),
        ("[]", "manifest.jsonl:2: not a JSON object"),
        ('{"id": "a", "id": "b"}', "duplicate field 'id'"),
        ('{"id": "a", "audio": "x.wav", "reference": "", "sha256": [], "extra": {}}', "audio is missing or not a list"),
        ('{"id": "a", "audio": [1], "reference": "", "sha256": [], "extra": {}}', "audio does not consist of strings"),
        ('{"id": "a", "audio": [], "reference": "\\ud800", "sha256": [], "extra": {}}', "JSON cannot hold"),
        ('{"id": "a", "audio": [], "reference": NaN, "sha256": [], "extra": {}}', "JSON cannot hold"),
        ("[" * 100000, "nested too deeply"),
    ],
)
def test_a_damaged_manifest_is_named_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    head = made("asr-librispeech-clean", tmp_path / "set").text().split("\n")[0]
    file = tmp_path / "manifest.jsonl"
    file.write_text(f"{head}\n{line}\n")
    with pytest.raises(DatasetError) as caught:
        manifests.read(file)
    assert says in str(caught.value)


@pytest.mark.parametrize("field", ["dataset", "split", "root", "missing", "notes", "sha256"])
def test_a_manifest_without_a_field_is_an_error(tmp_path: Path, field: str) -> None:
    head, *lines = made("asr-librispeech-clean", tmp_path / "set").text().split("\n")
    left = {name: value for name, value in json.loads(head).items() if name != field}
    file = tmp_path / "manifest.jsonl"
    file.write_text("\n".join([json.dumps(left), *lines]))
    with pytest.raises(DatasetError):
        manifests.read(file)


def test_two_items_of_one_id_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="duplicate id a"):
        make("set", "test", tmp_path, [Item("a", ("x",), ""), Item("a", ("y",), "")])


def test_mp3_at_48_khz_is_read_with_a_named_resampler(tmp_path: Path) -> None:
    if shutil.which("sox") is None or shutil.which("lame") is None:
        pytest.skip("needs sox and lame")
    pytest.importorskip("soundfile")
    pytest.importorskip("soxr")
    from audit.inference.audio import AudioError, read_clip

    wav, mp3 = tmp_path / "a.wav", tmp_path / "a.mp3"
    subprocess.run(["sox", "-n", "-r", "48000", "-c", "1", "-b", "16", wav, "synth", "2", "sine", "440"], check=True)
    subprocess.run(["lame", "--quiet", wav, mp3], check=True)
    with pytest.raises(AudioError, match="48000 Hz"):
        read_clip([mp3])
    clip = read_clip([mp3], "soxr-hq")
    assert clip.notes["source_rate"] == 48000
    assert abs(len(clip.samples) - 32000) < 2000
