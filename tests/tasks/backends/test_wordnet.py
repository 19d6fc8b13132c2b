from __future__ import annotations

import random
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

from tasks.backends import wordnet as ours
from tasks.backends.wordnet import FILES, PATH_VARIABLE, WordNet, wordnet_digest, wordnet_folder, wordnet_unavailable
from tasks.errors import UnavailableError

needs_wordnet = pytest.mark.skipif(wordnet_unavailable() is not None, reason=str(wordnet_unavailable()))
# The 45 lexicographer files in the order of their numbers, as lexnames(5WN) lists them; nltk's reader wants the list.
LEXNAMES = """adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body noun.cognition
noun.communication noun.event noun.feeling noun.food noun.group noun.location noun.motive noun.object noun.person
noun.phenomenon noun.plant noun.possession noun.process noun.quantity noun.relation noun.shape noun.state noun.substance
noun.time verb.body verb.change verb.cognition verb.communication verb.competition verb.consumption verb.contact
verb.creation verb.emotion verb.motion verb.perception verb.possession verb.social verb.stative verb.weather adj.ppl""".split()  # noqa: SIM905  # one a word is easier to compare
KIND = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """nltk's own reader on a private copy, below a data path of its own."""
    import nltk
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    data = tmp_path_factory.mktemp("nltk")
    folder = data / "corpora" / "wordnet"
    folder.mkdir(parents=True)
    for name in FILES:
        shutil.copyfile(wordnet_folder() / name, folder / name)
    for name in ("cntlist.rev", "index.sense"):
        (folder / name).touch()
    lines = [f"{i:02}\t{name}\t{KIND[name.split('.')[0]]}\n" for i, name in enumerate(LEXNAMES)]
    (folder / "lexnames").write_text("".join(lines))
    nltk.data.path.insert(0, str(data))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield WordNetCorpusReader(nltk.data.FileSystemPathPointer(str(folder)), None)
    nltk.data.path.remove(str(data))


@needs_wordnet
def test_synonyms_equal_nltks_reader(reader: Any) -> None:
    words = sorted(
        set((wordnet_folder() / "index.verb").read_text().split()) & set(_letters(20000)) | set(_letters(20000))
    )
    found = WordNet(wordnet_folder())
    chosen = random.Random(5).sample(words, 4000)
    chosen += [f"{word}{end}" for word in chosen[:1500] for end in ("s", "es", "ed", "ing", "er", "est")]
    chosen += ["Dogs", "MEN", "better", "axes", "was", "n't", ".", "", "2", "a", "shes", "farther", "ups", "Paris"]
    for word in chosen:
        expected = {lemma.name() for synset in reader.synsets(word) for lemma in synset.lemmas()}
        assert found.synonyms(word) == expected, word


def _letters(most: int) -> list[str]:
    words = [
        line.split()[0] for part in ours.PARTS for line in (wordnet_folder() / f"index.{part}").read_text().splitlines()
    ]
    return [word for word in words if word.isalpha()][:most] + [word for word in words if word.isalpha()][-most:]


@needs_wordnet
def test_the_digest_names_the_files() -> None:
    assert len(wordnet_digest(wordnet_folder())) == 64


def test_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(PATH_VARIABLE, str(tmp_path))
    assert wordnet_unavailable() == f"WordNet 3.0 not found (install wordnet-base, or set {PATH_VARIABLE})"
    (tmp_path / "data.noun").write_text("  1 WordNet 2.1\n")
    assert "is incomplete: index.noun, data.verb" in (wordnet_unavailable() or "")
    for name in FILES[1:]:
        (tmp_path / name).touch()
    with pytest.raises(UnavailableError, match=r"not version 3\.0"):
        wordnet_folder()
