"""Every data set in its official layout, as small as it can be."""

from __future__ import annotations

import json
import wave
from collections.abc import Callable
from pathlib import Path

from tasks.datasets.registry import Options


def sound(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
        out.writeframes(bytes(3200))


def librispeech(root: Path) -> Options:
    for split in ("test-clean", "test-other"):
        folder = root / split / "1089" / "134686"
        for number in ("0000", "0001"):
            sound(folder / f"1089-134686-{number}.flac")
        (folder / "1089-134686.trans.txt").write_text("1089-134686-0000 HE HOPED\n1089-134686-0001 STUFF IT\n")
    labels = root / "LS_testclean_pr.json"
    entry = {"path": "/LibriSpeech/test-clean/1089/134686/1089-134686-0000.flac", "text": "sil HH IY1 sil"}
    labels.write_text(json.dumps({"annotation": [{**entry, "task": "phone_recognition"}]}))
    return Options(labels=labels)


def gigaspeech(root: Path) -> Options:
    metadata = root / "data/metadata/test_metadata"
    metadata.mkdir(parents=True)
    (metadata / "test_chunks_0000_metadata.csv").write_text(
        'sid,speaker,begin_time,text_tn\nPOD1_S0000000,N/A,1.0,"AS THEY\'RE <COMMA> SAID"\nPOD1_S0000001,N/A,2.0,<SIL>\n'
    )
    for number in (0, 1):
        sound(root / f"data/audio/test_files/test_chunks_0000/POD1_S000000{number}.wav")
    return Options()


def covost(root: Path) -> Options:
    (root / "en/clips").mkdir(parents=True)
    head = "client_id\tpath\tsentence\n"
    (root / "en/validated.tsv").write_text(
        head + 'c\tcommon_voice_en_1.mp3\tHe said "no\nd\tcommon_voice_en_2.mp3\tYes\n'
    )
    text = "path\ttranslation\tsplit\ncommon_voice_en_1.mp3\t“不\ttest\ncommon_voice_en_2.mp3\t是\ttrain\ngone.mp3\tx\ttest\n"
    for language in ("zh-CN", "ja", "de"):
        (root / f"en/covost_v2.en_{language}.tsv").write_text(text)
    sound(root / "en/clips/common_voice_en_1.mp3")
    return Options()


def audiocaps(root: Path) -> Options:
    head = "audiocap_id,youtube_id,start_time,caption\n"
    (root / "test.csv").write_text(head + '1,abc,30,"A dog, barking"\n2,abc,30,Dogs bark\n3,-xY,10,Rain\n')
    sound(root / "audio/abc.wav")
    sound(root / "audio/Y-xY_10.wav")
    return Options()


def iemocap(root: Path) -> Options:
    folder = root / "Session5/dialog/EmoEvaluation"
    folder.mkdir(parents=True)
    lines = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
    for index, label in enumerate(("neu", "exc", "hap", "sad", "ang", "fru", "xxx")):
        name = f"Ses05F_impro01_F00{index}"
        lines += [f"[6.29{index} - 8.23]\t{name}\t{label}\t[2.5000, 2.5000, 2.5000]", "C-E1:\tNeutral;\t()"]
        sound(root / f"Session5/sentences/wav/Ses05F_impro01/{name}.wav")
    (folder / "Ses05F_impro01.txt").write_text("\n".join(lines))
    return Options()


def musiccaps(root: Path) -> Options:
    head = "ytid,start_s,end_s,audioset_positive_labels,aspect_list,caption,author_id,is_balanced_subset,is_audioset_eval\n"
    rows = 'a1,30,40,/m/0,"[\'x\']","Slow, sad",4,False,True\nb2,10,20,/m/0,[],Fast,4,False,False\n'
    (root / "musiccaps-public.csv").write_text(head + rows)
    sound(root / "wav/[a1]-[30-40].wav")
    return Options()


def librimix(root: Path) -> Options:
    librispeech(root / "LibriSpeech")
    base = root / "Libri2Mix/wav16k/max"
    name = "1089-134686-0000_1089-134686-0001"
    sound(base / f"test/mix_clean/{name}.wav")
    (base / "metadata").mkdir()
    table = f"mixture_ID,mixture_path,length\n{name},x,16000\n1-2-3_1089-134686-0000,y,16000\n"
    (base / "metadata/mixture_test_mix_clean.csv").write_text(table)
    return Options(labels=root / "LibriSpeech")


def voxceleb(root: Path) -> Options:
    lines = "1 id10270/x6uYqmx31kE/00001.wav id10270/8jEAjG6SegY/00008.wav\n0 id10270/x6uYqmx31kE/00001.wav id10300/a/1.wav\n"
    (root / "veri_test.txt").write_text(lines)
    for file in ("id10270/x6uYqmx31kE/00001.wav", "id10270/8jEAjG6SegY/00008.wav", "id10300/a/1.wav"):
        sound(root / "wav" / file)
    return Options()


def inspec(root: Path) -> Options:
    (root / "Test").mkdir()
    (root / "Test/193.abstr").write_text("Adaptive filters\n\tA new method is given.\n")
    (root / "Test/193.uncontr").write_text("adaptive filters; new\n\tmethod;\n")
    sound(root / "speech/193.wav")
    return Options()


def wikiqa(root: Path) -> Options:
    (root / "WikiQACorpus").mkdir()
    head = "QuestionID\tQuestion\tDocumentID\tDocumentTitle\tSentenceID\tSentence\tLabel\n"
    rows = 'Q0\thow "old is it\tD0\tT\tD0-0\tIt is ten.\t1\nQ0\thow "old is it\tD0\tT\tD0-1\tNo.\t0\n'
    rows += "Q1\twho\tD1\tT\tD1-0\tHe.\t0\n"
    (root / "WikiQACorpus/WikiQA-test.tsv").write_text(head + rows)
    sound(root / "voices/Q0.wav")
    sound(root / "voices/Q1.wav")
    return Options(speech=root / "voices")


def slurp(root: Path) -> Options:
    (root / "dataset/slurp").mkdir(parents=True)
    one = {"slurp_id": 7, "sentence": "wake me at nine am on friday",
           "sentence_annotation": "wake me at [time : nine am] on [date_x : friday]",
           "recordings": [{"file": "audio-1.flac"}, {"file": "audio-2.flac"}]}  # fmt: skip
    two = {"slurp_id": 8, "sentence": "stop", "sentence_annotation": "stop", "recordings": [{"file": "audio-3.flac"}]}
    (root / "dataset/slurp/test.jsonl").write_text(json.dumps(one) + "\n" + json.dumps(two) + "\n")
    for number in (1, 2):
        sound(root / f"audio/slurp_real/audio-{number}.flac")
    return Options()


def sakura(root: Path) -> Options:
    entry = {"file": "dog1.wav", "attribute_label": "dog", "single_instruction": "Which animal? (a) dog (b) red crow",
             "single_answer": "(a) dog", "multi_instruction": "How does it move? (a) Flying (b) Walking",
             "multi_answer": "(b) Walking"}  # fmt: skip
    for track in ("Animal", "Emotion", "Gender", "Language"):
        sound(root / f"data/{track}/audio/dog1.wav")
        (root / f"data/{track}/metadata.json").write_text(json.dumps({f"data/{track}/dog1.wav": entry}))
    return Options()


LAYOUTS: dict[str, Callable[[Path], Options]] = {
    name: globals()[name]
    for name in ("librispeech", "gigaspeech", "covost", "audiocaps", "iemocap", "musiccaps", "librimix", "voxceleb",
                 "inspec", "wikiqa", "slurp", "sakura")
}  # fmt: skip
