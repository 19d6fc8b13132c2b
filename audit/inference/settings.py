"""The instruction and the limit of new tokens for each task.

Prompts: bytedance/SALMONN@a58bba799a2eec05df09df102553f5c623808c12 prompts/test_prompt.json, the only test prompts
the authors released; that the paper used them is plausible but unverified. Limit: 200 as released
(configs/decode_config.yaml:50) and as stated in the paper for stories (appendix E). Phone strings are longer: with 200
tokens, 548 of 2620 are truncated, so their limit is 500, the authors' later default.
"""

from __future__ import annotations

from dataclasses import dataclass

from audit.errors import InputError


@dataclass(frozen=True, slots=True)
class TaskSetting:
    """An instruction (`{}` is replaced by an item's query) and the maximum number of new tokens."""

    key: str
    instruction: str
    max_new_tokens: int = 200

    def prompt(self, query: str | None) -> str:
        """The instruction for one item.

        Raises:
            InputError: The instruction has a placeholder but the item has no query, or vice versa.
        """
        if ("{}" in self.instruction) != (query is not None):
            raise InputError(f"the prompt {self.instruction!r} does not match the item's query {query!r}")
        return self.instruction.replace("{}", query) if query is not None else self.instruction


_ASR = TaskSetting("asr", "Recognize the speech and give me the transcription.")
_QUESTION = TaskSetting("QA", "{}")

SETTINGS: dict[str, TaskSetting] = {
    "asr-librispeech-clean": _ASR,
    "asr-librispeech-other": _ASR,
    "asr-gigaspeech": _ASR,
    "st-en-zh": TaskSetting("translation_ec", "Listen to the speech and translate it into Chinese."),
    "st-en-de": TaskSetting("translation_en2de", "Listen to the speech and translate it into German."),
    "st-en-ja": TaskSetting("translation_en2ja", "Listen to the speech and translate it into Japanese."),
    "aac-audiocaps": TaskSetting("audiocaption", "Please describe the audio."),
    "pr-librispeech": TaskSetting("phone_recognition", "Provide the phonetic transcription for the speech.", 500),
    "er-iemocap": TaskSetting("emotion_recognition", "Describe the emotion of the speaker in one word."),
    "mc-musiccaps": TaskSetting("music_description", "Listen to this music clip and describe the music."),
    "osr-librimix": TaskSetting("speech_separation", "Please write down what you hear each person says."),
    "sv-voxceleb1": TaskSetting("speaker_verification", "Do you only hear the same person talking? Answer yes or no."),
    "ke-inspec": TaskSetting("keywords", "Give me only three keywords of the text."),
    "sqqa-wikiqa": TaskSetting("speech_query", "Please answer the question in detail."),
    "sf-slurp": TaskSetting("slot_filling", "According to the speech, what is the {}?"),
    "story-audiocaps": TaskSetting(
        "audio_story_telling",
        "Based on the audio, write a story in detail. Your story should be highly related to the audio.",
    ),
    "sac-inhouse": TaskSetting(
        "speech_audio_coreasoning",
        "Use your strong reasoning skills to answer the speaker's question in detail based on the background sound.",
    ),
    **{
        f"sakura-{attribute}-{hops}": _QUESTION
        for attribute in ("animal", "emotion", "gender", "language")
        for hops in ("single", "multi")
    },
}


def setting(task: str) -> TaskSetting:
    """The setting of a task.

    Raises:
        InputError: The task is unknown.
    """
    if task not in SETTINGS:
        raise InputError(f"unknown task {task!r}", fix=f"tasks are: {', '.join(SETTINGS)}")
    return SETTINGS[task]
