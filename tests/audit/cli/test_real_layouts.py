"""Test sets laid out as their publishers do, down to line ends and escapes, through `repro-audit sets manifest`."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main

Items = dict[str, dict[str, Any]]


def sound(path: Path, samples: int = 800, rate: int = 16000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(bytes(2 * samples))


def flac(path: Path, samples: int) -> None:
    """A FLAC file as far as its STREAMINFO block."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = (16000 << 44) | (15 << 36) | samples
    path.write_bytes(b"fLaC" + bytes([0x80, 0, 0, 34]) + bytes(10) + fields.to_bytes(8, "big") + bytes(16))


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode())


class Read:
    """`sets manifest`: the items by id, the missing files, and what was noted."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, task: str, data: Path, **options: Path) -> Items:
        code, out, self.err = self.run(task, data, **options)
        assert code == 0, self.err
        head, *lines = map(json.loads, out.split("\n")[:-1])
        self.missing = head["missing"]
        return {item["id"]: item for item in lines}

    def run(self, task: str, data: Path, **options: Path) -> tuple[int, str, str]:
        further = [part for name, path in options.items() for part in (f"--{name}", str(path))]
        code = main(["sets", "manifest", "--data", str(data), "--task", task, *further])
        found = self.capsys.readouterr()
        return code, found.out, found.err

    def error(self, task: str, data: Path, **options: Path) -> str:
        code, _, err = self.run(task, data, **options)
        assert code == 2
        assert "Traceback" not in err
        return err


@pytest.fixture
def read(capsys: pytest.CaptureFixture[str]) -> Read:
    return Read(capsys)


def references(items: Items) -> dict[str, Any]:
    return {name: item["reference"] for name, item in items.items()}


# CoVoST 2


SENTENCES = {"a_1": '"雪が、"と言った。', "a_2": 'Er las "Emil" und \\ schwieg.', "a_3": "Ohne alles."}


def escaped(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace('"', '\\"')


def release(folder: Path, *, escape: bool = True) -> None:
    rows = [("path", "translation", "split")]
    rows += [(f"{name}.mp3", escaped(cell) if escape else cell.replace("\\", "\\\\"), "test")
             for name, cell in SENTENCES.items()]  # fmt: skip
    rows += [("a_4.mp3", "train", "train"), ("a_5.mp3", "not validated", "test"), ("a_6.mp3", "x", "train_covost")]
    text(folder / "covost_v2.en_ja.tsv", "".join("\t".join(row) + "\n" for row in rows))
    valid = [("client_id", "path", "sentence", "up_votes")]
    valid += [("c", f"a_{n}.mp3", '"He said ""so"" and left\\', "2") for n in (1, 2, 3, 4, 6)]
    text(folder / "validated.tsv", "".join("\t".join(row) + "\n" for row in valid))


@pytest.mark.parametrize("escape", [True, False])
def test_the_release_of_covost_is_read_by_the_rule_that_wrote_it(tmp_path: Path, read: Read, *, escape: bool) -> None:
    release(tmp_path / "en", escape=escape)
    assert references(read("st-en-ja", tmp_path)) == SENTENCES
    assert read.missing == [f"clips/{name}.mp3" for name in SENTENCES]
    assert "set card covost2-en-ja-test: 3 items; the whole set has 15531." in read.err


def test_the_split_table_of_covost_is_unescaped_too(tmp_path: Path, read: Read) -> None:
    rows = "".join(f"{name}.mp3\tS\t{escaped(cell)}\tc\n" for name, cell in SENTENCES.items())
    text(tmp_path / "en/covost_v2.en_de.test.tsv", "path\tsentence\ttranslation\tclient_id\n" + rows)
    assert references(read("st-en-de", tmp_path)) == SENTENCES


def test_labels_that_are_given_come_before_those_beside_the_clips(tmp_path: Path, read: Read) -> None:
    head = "path\tsentence\ttranslation\tclient_id\n"
    text(tmp_path / "en/covost_v2.en_de.test.tsv", f"{head}a_1.mp3\tS\tbeside\tc\n")
    text(tmp_path / "labels/covost_v2.en_de.test.tsv", f"{head}a_1.mp3\tS\tgiven\tc\n")
    text(tmp_path / "mine.test.tsv", f"{head}a_1.mp3\tS\ta file\tc\n")
    (tmp_path / "empty").mkdir()
    for labels, found in ((tmp_path / "labels", "given"), (tmp_path / "mine.test.tsv", "a file")):
        assert references(read("st-en-de", tmp_path, labels=labels)) == {"a_1": found}
    assert "no CoVoST 2 table for de" in read.error("st-en-de", tmp_path, labels=tmp_path / "empty")


def test_labels_that_no_reader_uses_are_noted(tmp_path: Path, read: Read) -> None:
    librispeech(tmp_path)
    read("asr-librispeech-clean", tmp_path, labels=tmp_path / "other.txt")
    assert "the labels given (other.txt) are not used" in read.err


# AudioCaps


CAPTIONS = (
    "audiocap_id,youtube_id,start_time,caption\r\n11,-ab_0123456,30,Rain\r\n12,cdefghijklm,0,A dog barks\r\n"
    '13,-ab_0123456,30,"Rain, then ""thunder"""\r\n14,cdefghijklm,0,A dog barks\r\n'
)


@pytest.mark.parametrize("name", ["-ab_0123456", "Y-ab_0123456_30", "-ab_0123456_30", "13"])
def test_captions_of_a_clip_are_gathered_and_its_file_found_by_any_name(tmp_path: Path, read: Read, name: str) -> None:
    text(tmp_path / "test.csv", CAPTIONS)
    sound(tmp_path / f"test/{name}.wav")
    sound(tmp_path / "test/12.wav")
    items = read("aac-audiocaps", tmp_path)
    assert references(items) == {
        "-ab_0123456_30": ["Rain", 'Rain, then "thunder"'],
        "cdefghijklm_0": ["A dog barks", "A dog barks"],
    }
    assert [item["audio"] for item in items.values()] == [[f"test/{name}.wav"], ["test/12.wav"]]
    assert read.missing == []
    assert "2 items; the whole set has 975." in read.err
    story = read("story-audiocaps", tmp_path)
    assert set(references(story).values()) == {None}
    assert "2 items; the whole set has 975." in read.err


# GigaSpeech, IEMOCAP, MusicCaps, phones, SLURP


def test_columns_go_by_name_and_both_line_ends_are_read(tmp_path: Path, read: Read) -> None:
    place = tmp_path / "data/metadata/test_metadata"
    text(place / "test_chunks_0000_metadata.csv", "sid,text_tn,title\r\nPOD1_S0000000,<SIL>,\r\n")
    text(place / "test_chunks_0001_metadata.csv", 'title,text_tn,sid\n"a, b",HI <PERIOD>,YOU2_S0000003\n')
    for data in (tmp_path, tmp_path / "data"):
        items = read("asr-gigaspeech", data)
        assert references(items) == {"POD1_S0000000": "<SIL>", "YOU2_S0000003": "HI <PERIOD>"}
        assert [item["extra"]["cluster"] for item in items.values()] == ["POD1", "YOU2"]


def test_evaluations_of_iemocap_are_not_appledouble_files_or_those_of_one_rater(tmp_path: Path, read: Read) -> None:
    place = tmp_path / "Session5/dialog/EmoEvaluation"
    line = "[1.0 - 2.0]\tSes05M_script01_1b_{}\t{}\t[2.5, 2.5, 2.5]\nC-E1:\tSadness;\t()\n\n"
    labels = {"F000": "exc", "M000": "sad", "M001": "fru"}
    text(place / "Ses05M_script01_1b.txt", "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
         + "".join(line.format(*pair) for pair in labels.items()))  # fmt: skip
    text(place / "._Ses05M_script01_1b.txt", line.format("F009", "ang"))
    text(place / "Categorical/Ses05M_script01_1b_e2_cat.txt", line.format("F008", "ang"))
    for data in (tmp_path, tmp_path / "Session5"):
        found = references(read("er-iemocap", data))
        assert found == {"Ses05M_script01_1b_F000": "Happy", "Ses05M_script01_1b_M000": "Sad"}
    assert "1 utterances of other classes left out" in read.err


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_break_in_a_caption_is_one_newline_in_either_copy(tmp_path: Path, read: Read, end: str) -> None:
    head = "ytid,start_s,end_s,caption,is_audioset_eval"
    rows = (head, f'-a,0,10,"Slow.{end}Like\u2028rain, ""hey""",True', "b,1,2,No,False")
    text(tmp_path / "musiccaps-public.csv", "".join(row + end for row in rows))
    assert references(read("mc-musiccaps", tmp_path)) == {"-a": 'Slow.\nLike\u2028rain, "hey"'}


def librispeech(root: Path) -> None:
    text(root / "test-clean/1/2/1-2.trans.txt", "1-2-0000 IT'S A\n1-2-0001 B\n1-2-0002 C\n")
    for number in range(3):
        flac(root / f"test-clean/1/2/1-2-000{number}.flac", 500 + 100 * number)


def test_phone_labels_name_utterances_by_the_end_of_their_path(tmp_path: Path, read: Read) -> None:
    librispeech(tmp_path / "LibriSpeech")
    labels = {"annotation": [{"path": "/any/where/1-2-0001.flac", "text": "sil B IY1 sil", "task": "p"}]}
    text(tmp_path / "labels.json", json.dumps(labels))
    items = read("pr-librispeech", tmp_path / "LibriSpeech", labels=tmp_path / "labels.json")
    assert references(items) == {"1-2-0001": "sil B IY1 sil"}
    assert "1 items; the whole set has 2620." in read.err
    assert set(read("asr-librispeech-clean", tmp_path / "LibriSpeech/test-clean")) == {f"1-2-000{n}" for n in range(3)}


def test_slots_of_slurp_keep_their_case_and_may_repeat_a_type(tmp_path: Path, read: Read) -> None:
    entry = {"slurp_id": 5, "sentence": "from tuesday to friday", "recordings": [{"file": "audio--9.flac"}],
             "sentence_annotation": "from [date : Tuesday] to [date : friday]"}  # fmt: skip
    text(tmp_path / "dataset/slurp/test.jsonl", json.dumps(entry) + "\n")
    items = read("sf-slurp", tmp_path)
    values = {name: item["reference"]["value"] for name, item in items.items()}
    assert values == {"audio--9_0_date": "Tuesday", "audio--9_1_date": "friday"}
    assert "2 items; the whole set has 2823." in read.err


# SAKURA


def test_sakura_is_keyed_by_path_and_an_answer_may_begin_with_a_blank(tmp_path: Path, read: Read) -> None:
    question = "Which feeling? (a) joy (b) Who’s there? (c) 두려움"
    entry = {"attribute_label": "fear", "single_instruction": question, "single_answer": " (c) 두려움",
             "multi_instruction": question, "multi_answer": "(b) Who’s there?"}  # fmt: skip
    for track in ("Animal", "Emotion", "Gender", "Language"):
        text(tmp_path / f"data/{track}/metadata.json", json.dumps({f"data/{track}/audio/x_1.wav": entry}))
        sound(tmp_path / f"data/{track}/audio/x_1.wav")
        for data in (tmp_path, tmp_path / "data"):
            single = read(f"sakura-{track.lower()}-single", data)
            assert references(single) == {"x_1": "(c) 두려움"}
            assert single["x_1"]["audio"] == [f"{track}/audio/x_1.wav"]
            assert single["x_1"]["extra"]["choices"] == ["(a) joy", "(b) Who’s there?", "(c) 두려움"]
            assert references(read(f"sakura-{track.lower()}-multi", data)) == {"x_1": "(b) Who’s there?"}
            assert read.missing == []
    assert "not one of the options" not in read.err


# Libri2Mix


MIXTURES = ("1-2-0000_1-2-0001", "1-2-0001_1-2-0002")


def mixtures(base: Path, *, lengths: tuple[int, int] = (600, 700), rate: int = 16000) -> None:
    for name, samples in zip(MIXTURES, lengths, strict=True):
        sound(base / f"test/mix_clean/{name}.wav", samples, rate)
    text(base / "metadata/mixture_test_mix_clean.csv", "mixture_ID,length\n" + "".join(f"{m},9\n" for m in MIXTURES))


def test_mixtures_by_table_or_by_file_names(tmp_path: Path, read: Read) -> None:
    librispeech(tmp_path / "LibriSpeech")
    base = tmp_path / "Libri2Mix/wav16k/max"
    mixtures(base)
    for data in (tmp_path, tmp_path / "Libri2Mix", base):
        items = read("osr-librimix", data, labels=tmp_path / "LibriSpeech")
        assert references(items) == {MIXTURES[0]: ["IT'S A", "B"], MIXTURES[1]: ["B", "C"]}
    (base / "metadata/mixture_test_mix_clean.csv").unlink()
    assert read("osr-librimix", base, labels=tmp_path / "LibriSpeech") == items


@pytest.mark.parametrize(
    ("place", "lengths", "rate", "says"),
    [
        ("Libri2Mix/wav16k/min", (600, 700), 16000, "the folder is of min"),
        ("Libri2Mix/wav8k/max", (600, 700), 16000, "the folder is of wav8k"),
        ("Libri3Mix/wav16k/max", (600, 700), 16000, "the folder is of Libri3Mix"),
        ("renamed", (600, 700), 8000, "the sample rate is 8000 Hz"),
        ("renamed", (500, 600), 16000, "the mode is min, not max"),
        ("wav16k/max", (500, 600), 16000, "the mode is min, not max"),
    ],
)
def test_other_versions_of_the_mixtures_are_refused(
    tmp_path: Path, read: Read, place: str, lengths: tuple[int, int], rate: int, says: str
) -> None:
    librispeech(tmp_path / "LibriSpeech")
    mixtures(tmp_path / place, lengths=lengths, rate=rate)
    assert says in read.error("osr-librimix", tmp_path / place, labels=tmp_path / "LibriSpeech")


def test_mixtures_of_three_speakers_are_refused(tmp_path: Path, read: Read) -> None:
    librispeech(tmp_path / "LibriSpeech")
    sound(tmp_path / "wav16k/max/test/mix_clean/1-2-0000_1-2-0001_1-2-0002.wav")
    assert "a mixture of 3 utterances" in read.error("osr-librimix", tmp_path, labels=tmp_path / "LibriSpeech")


# VoxCeleb1


def test_trials_are_numbered_by_the_list_in_use_and_another_list_is_said(tmp_path: Path, read: Read) -> None:
    one, two = "id1/v-A/00001.wav", "id2/vB/00002.wav"
    text(tmp_path / "veri_test.txt", f"1 {one} {one}\n0 {one} {two}\n1 {two} {two}")
    text(tmp_path / "mine.txt", f"0 {one} {two}\n1 {two} {two}\n")
    sound(tmp_path / "wav" / one)
    assert references(read("sv-voxceleb1", tmp_path)) == {"000001": "Yes", "000002": "No", "000003": "Yes"}
    items = read("sv-voxceleb1", tmp_path, labels=tmp_path / "mine.txt")
    assert references(items) == {"000001": "No", "000002": "Yes"}
    assert items["000001"]["audio"] == [f"wav/{one}", f"wav/{two}"]
    assert "set card voxceleb1-trials: The trials have the hash" in read.err


# Inspec, WikiQA


def abstracts(folder: Path, name: str) -> None:
    text(folder / f"{name}.abstr", "A title\r\nOf an ab-\n\tstract.\r\n")
    text(folder / f"{name}.uncontr", "wet paint; drying\n\ttime; COTS\r\n")


def test_keyphrases_may_be_wrapped_inside_a_phrase(tmp_path: Path, read: Read) -> None:
    abstracts(tmp_path / "Hulth2003/Test", "12")
    abstracts(tmp_path / "Hulth2003/Training", "13")
    sound(tmp_path / "speech/12.wav")
    for data in (tmp_path / "Hulth2003", tmp_path / "Hulth2003/Test"):
        items = read("ke-inspec", data, speech=tmp_path / "speech")
        assert references(items) == {"12": ["wet paint", "drying time", "COTS"]}


@pytest.mark.parametrize("place", ["", "Training"])
def test_abstracts_outside_the_test_folder_are_not_the_test_part(tmp_path: Path, read: Read, place: str) -> None:
    abstracts(tmp_path / place, "12")
    (tmp_path / "speech").mkdir()
    assert "no folder Test" in read.error("ke-inspec", tmp_path / place, speech=tmp_path / "speech")


def test_quotes_in_wikiqa_are_text_even_without_their_pair(tmp_path: Path, read: Read) -> None:
    rows = [("Q1", 'who said  "hi', '"It was a hat', "0"), ("Q1", 'who said  "hi', "She `` did '' .", "1")]
    lines = [("QuestionID", "Question", "DocumentID", "Sentence", "Label")]
    lines += [(q, question, "D", sentence, label) for q, question, sentence, label in rows]
    text(tmp_path / "WikiQACorpus/WikiQA-test.tsv", "".join("\t".join(line) + "\n" for line in lines))
    sound(tmp_path / "speech/Q1.wav")
    for data in (tmp_path, tmp_path / "WikiQACorpus"):
        items = read("sqqa-wikiqa", data, speech=tmp_path / "speech")
        assert references(items) == {"Q1": {
            "question": 'who said  "hi', "answers": ["She `` did '' ."],
            "candidates": [{"text": '"It was a hat', "label": 0}, {"text": "She `` did '' .", "label": 1}],
        }}  # fmt: skip


# Every reader


def test_a_git_lfs_pointer_says_what_it_is(tmp_path: Path, read: Read) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n"
    text(tmp_path / "veri_test.txt", pointer)
    err = read.error("sv-voxceleb1", tmp_path)
    assert "a Git LFS pointer" in err
    assert "git lfs pull" in err
    text(tmp_path / "data/Animal/metadata.json", pointer)
    assert "a Git LFS pointer" in read.error("sakura-animal-single", tmp_path)


def test_a_manifest_with_line_separators_is_read_back(tmp_path: Path, read: Read) -> None:
    from tasks.datasets import manifest as manifests

    separators = "one\u2028two\u2029three\u0085four\x0b five\x0c six\x1c seven"
    text(tmp_path / "musiccaps-public.csv", f'ytid,start_s,end_s,caption,is_audioset_eval\na,0,9,"{separators}",True\n')
    assert (
        main(["sets", "manifest", "--data", str(tmp_path), "--task", "mc-musiccaps", "--out", str(tmp_path / "m")]) == 0
    )
    assert [item.reference for item in manifests.read(tmp_path / "m").items] == [separators]
