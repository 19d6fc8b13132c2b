"""What `repro-audit help TOPIC` and the man page say beside the commands."""

from __future__ import annotations

from collections.abc import Mapping

EXIT_CODES = """  0  success
  1  completed, but a requested check failed
  2  bad input or usage
  3  a requirement is missing: a program, a library, a server, a model;
     or the image could not be built
  4  the system refuses: disk full, read-only, input/output error
 70  a fault in repro-audit; the message names a file for a bug report
"""

SUMMARIES: Mapping[str, str] = {
    "quickstart": "from outputs to a report in two commands",
    "verdicts": "what each verdict says",
    "files": "what lies where",
    "engines": "models that `infer` runs",
    "configuration": "options that you always give, in repro-audit.toml",
    "environment": "variables that count",
    "exit-codes": "what the exit codes mean",
}
TOPICS: Mapping[str, str] = {
    "quickstart": """Two commands lead from a recogniser's transcripts and a reported word
error rate to a report:

  $ repro-audit import kaldi hyp/text --references ref/text --task my-test \\
        --family asr --claim wer=5.6% --model M
  $ repro-audit run

`import auto FILE` says which format another file has. out/report.html and
out/report.pdf are the report, out/package can be verified by anybody,
offline: `repro-audit verify out/package`.
""",
    "verdicts": """Each claim gets one verdict:

  reproduced      the paper's own documented convention gives the reported value
  justified       a convention that others documented gives it
  undocumented    only a convention that nobody documented gives it
  selective       the value follows only if some rows are left out
  exceeds         the outputs are better than reported
  not-reproduced  no convention in use gives it
  infeasible      no outputs at all could give the printed value
  undecided       what is known allows two verdicts
  not-comparable  the rows, the set or the model are other ones
  not-run         nothing was measured

`repro-audit run --require reproduced,justified` ends with 1 if a claim
has another verdict. The rules are in docs/explanation/verdict.md.
""",
    "files": """  study.yaml                  the values that a paper reports, with its tasks
  predictions/TASK.jsonl      outputs and references, one row per line
  predictions/TASK.meta.json  facts about them: model, variant, source
  predictions/TASK@RUN.jsonl  a further run
  out/audit.json              claims, measurements and verdicts
  out/package/                the signed package
""",
    "engines": """`repro-audit infer` runs the model that a model.yaml describes: SALMONN, or
any model of an engine.

  engine: faster-whisper     # Whisper, converted for CTranslate2
  name: Whisper base         # as the study names it
  model: whisper-base        # a folder, relative to this file
  language: en

  engine: transformers       # speech and audio models of transformers
  kind: chat                 # seq2seq, ctc, or chat (Qwen2-Audio)
  name: Qwen2-Audio
  model: Qwen2-Audio-7B-Instruct
  prompts: {my-task: "Transcribe the speech."}

docs/how-to/engines.md has all keys. An unknown key ends with 2, a missing
model with 3, and a file with a different hash than `sha256` states with 1.
`--engine` is something else: where workers run (local or ray).
""",
    "configuration": """Options that you always give can stand in repro-audit.toml of the current
folder, or under [tool.repro-audit] of
pyproject.toml there; repro-audit.toml counts if both exist. A table names
a command, its keys are long options:

  [run]
  out = "results"
  require = "reproduced,justified"

  [score]
  replicates = 2000
  convention = ["verbatim", "qwen2-audio"]

  [judge.run]
  concurrency = 8

`true` gives an option without a value, a list gives it repeatedly. What
the command line says counts more; options that may be repeated add up.
`--no-config` before the command ignores the file.
""",
    "environment": """  SOURCE_DATE_EPOCH    the audit's date in seconds since 1970, for equal bytes
  REPRO_AUDIT_KEY      the signing key of run and package
  NO_COLOR             if set and not empty, nothing is coloured
  FORCE_COLOR          if set and not empty, colours in a pipe, too;
                       NO_COLOR counts more
  COLUMNS              the width of help texts
  DOCKER_HOST          the address of the container engine
  REPRO_AUDIT_TRACEBACK  1 prints the traceback of a fault
""",
    "exit-codes": EXIT_CODES,
}
