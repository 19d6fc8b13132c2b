"""Speech for text data sets: a folder of recordings, or a text-to-speech command.

The paper used a commercial voice that it does not name, so no such set equals the paper's; a note says so.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tasks.datasets.errors import DatasetError
from tasks.datasets.registry import Options

NOTE = "not the paper's voice"


def speak(texts: Mapping[str, str], root: Path, options: Options) -> tuple[dict[str, str], Path, list[str]]:
    """The audio of every text: paths by id relative to a folder, that folder, and notes.

    Args:
        texts: The texts by id.
        root: The data set's folder; synthesised speech is stored in `root/speech`.
        options: The folder of recordings (`ID.wav`) or the command (`{text}`, `{wav}`).

    Raises:
        DatasetError: Neither was given, or the command fails.
    """
    folder = options.speech or root / "speech"
    if options.tts is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            wav = folder / f"{name}.wav"
            if not wav.is_file():
                _run(options.tts, text, wav)
    elif not folder.is_dir():
        raise DatasetError(
            "the data set has no audio",
            where=str(root),
            fix="give recordings (ID.wav) with --speech FOLDER, or a command with --tts 'espeak-ng -w {wav} {text}'",
        )
    how = f"synthesised by: {options.tts}" if options.tts else f"recordings in {folder.name}"
    return {name: f"{name}.wav" for name in texts}, folder, [f"{NOTE}; {how}"]


def _run(command: str, text: str, wav: Path) -> None:
    if "{wav}" not in command or "{text}" not in command:
        raise DatasetError("the command must contain {text} and {wav}", where=command)
    part = wav.with_name(f".{wav.name}")
    # Substituted per argument, without a shell: a text with quotes or spaces stays one argument.
    words = [word.replace("{wav}", str(part)).replace("{text}", text) for word in shlex.split(command)]
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except OSError as error:
        raise DatasetError(f"the command cannot be run: {error.strerror}", where=words[0]) from None
    try:
        _, errors = process.communicate()
    except BaseException:
        # The command may be a script: what it started must not outlive this run either.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        part.unlink(missing_ok=True)
        raise
    if process.returncode != 0 or not part.is_file():
        reason = (errors.strip().splitlines() or ["it wrote no file"])[-1]
        part.unlink(missing_ok=True)
        raise DatasetError(f"the command failed: {reason}", where=words[0])
    part.replace(wav)
