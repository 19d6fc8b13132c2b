"""Modules of sacreBLEU are loaded by themselves, and are the library's own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tasks.sacrebleu import sacrebleu_module

ALONE = """
import sys
from tasks.sacrebleu import sacrebleu_module
from tasks.step import digest
zh, ter = sacrebleu_module("tokenizers.tokenizer_zh"), sacrebleu_module("metrics.lib_ter")
assert not {"sacrebleu", "portalocker", "redis"} & set(sys.modules)
tokens = zh.TokenizerZh()("我用 3.5 元。")
import sacrebleu
from sacrebleu.tokenizers import tokenizer_zh
assert tokenizer_zh.__file__ == zh.__file__ and tokenizer_zh.TokenizerZh()("我用 3.5 元。") == tokens
assert sacrebleu_module("tokenizers.tokenizer_zh") is zh
assert sacrebleu.metrics.TER is not None and ter.translation_edit_rate(["a"], ["b"]) == (1, 1)
assert sacrebleu_module("tokenizers.tokenizer_13a") is sys.modules["sacrebleu.tokenizers.tokenizer_13a"]
"""


def test_nothing_else_of_the_library_is_loaded() -> None:
    subprocess.run([sys.executable, "-c", ALONE], check=True)


def test_what_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImportError, match="tokenizer_none_such"):
        sacrebleu_module("tokenizers.tokenizer_none_such")
    monkeypatch.delitem(sys.modules, "sacrebleu", raising=False)
    monkeypatch.setattr("tasks.sacrebleu.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="sacreBLEU is not installed"):
        sacrebleu_module("tokenizers.tokenizer_gone")
