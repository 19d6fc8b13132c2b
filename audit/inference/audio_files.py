"""What an audio file says about its own length, because decoders return the part of a cut file without a word.

WAV: RFC 2361 and EBU Tech 3306 (RF64). MP3: ISO/IEC 11172-3, section 2.4.1. Ogg: RFC 3533. FLAC: RFC 9639.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Sizes that programs write into the header of a stream, whose length they do not know.
_UNKNOWN_SIZES = frozenset({0, 0x7FFFFFFF, 0x7FFFF000, 0xFFFFFFFF, 0xFFFFFFFF - 36, 0x7FFFFFFF - 36})
_FLAC_MAX = 2**36 - 1
# Bit rates in kbit/s and sample rates in Hz of MPEG layer III, by index: MPEG 1, and MPEG 2 and 2.5.
_RATES_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_RATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_HERTZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def cut(raw: bytes) -> str | None:
    """Why a file ends before its audio does; None if nothing says so.

    An MP3 file without a Xing or Info header that was cut between two frames cannot be told from a whole one.
    """
    if raw[:4] in (b"RIFF", b"RF64") and raw[8:12] == b"WAVE":
        return _cut_wav(raw)
    if raw[:4] == b"OggS":
        return _cut_ogg(raw)
    if _is_mp3(raw):
        return _cut_mp3(raw)
    return None


def _cut_wav(raw: bytes) -> str | None:
    position, long_size = 12, None
    while position + 8 <= len(raw):
        name, size = raw[position : position + 4], int.from_bytes(raw[position + 4 : position + 8], "little")
        if name == b"ds64":
            long_size = int.from_bytes(raw[position + 16 : position + 24], "little")
        if name == b"data":
            if size == 0xFFFFFFFF and long_size is not None:
                size = long_size
            there = len(raw) - position - 8
            if size in _UNKNOWN_SIZES or size <= there:
                return None
            return f"cut: its header announces {size} bytes of audio, and {there} are there"
        position += 8 + size + size % 2
    return None


def _cut_ogg(raw: bytes) -> str | None:
    last = raw.rfind(b"OggS")
    # Bit 2 of a page's flags marks the last page of a stream.
    return None if len(raw) > last + 5 and raw[last + 5] & 4 else "cut: its last page is not the last of the stream"


@dataclass(frozen=True, slots=True)
class _Mp3:
    """The frames of an MP3 file: the whole ones but that of the tag, the announced ones, their samples, a part of one."""

    frames: int
    announced: int | None
    samples: int
    partial: bool


def _cut_mp3(raw: bytes) -> str | None:
    found = _mp3(raw)
    if found.announced is not None:
        missing = found.announced - found.frames
        return f"cut: its header announces {found.announced} frames, and {missing} are missing" if missing > 0 else None
    return "cut in the middle of a frame" if found.partial else None


def _mp3(raw: bytes) -> _Mp3:
    position = 0
    if raw[:3] == b"ID3" and len(raw) >= 10:
        size = 0
        for byte in raw[6:10]:
            size = size << 7 | byte & 0x7F
        position = 10 + size + (10 if raw[5] & 0x10 else 0)
    frames = samples = 0
    stated: int | None = None
    while (length := _frame_length(raw[position : position + 4])) is not None:
        if position + length > len(raw):
            return _Mp3(frames, stated, samples, partial=True)
        tag = _announced_frames(raw[position : position + length]) if not frames and stated is None else None
        if tag is None:
            frames += 1
            samples += 1152 if raw[position + 1] >> 3 & 3 == 3 else 576
        else:
            stated = tag
        position += length
    # What follows is a tag behind the audio, padding, or the end.
    return _Mp3(frames, stated, samples, partial=0 < len(raw) - position < 4)


def _announced_frames(frame: bytes) -> int | None:
    """The number of frames in a Xing or Info header, which stands in a frame of its own; None without one."""
    for name in (b"Xing", b"Info"):
        place = frame.find(name, 4, 64)
        if place >= 0 and len(frame) >= place + 12 and frame[place + 7] & 1:
            return int.from_bytes(frame[place + 8 : place + 12], "big")
    return None


def _frame_length(head: bytes) -> int | None:
    """The length of an MPEG layer III frame with this header; None if it is not one."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    rate, hertz, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer != 1 or rate in {0, 15} or hertz == 3:
        return None
    kilobits = (_RATES_1 if version == 3 else _RATES_2)[rate]
    return (144000 if version == 3 else 72000) * kilobits // _HERTZ[version][hertz] + padding


def announced(frames: int, raw: bytes) -> int | None:
    """The least number of samples that a whole file gives; None if nothing says it.

    Args:
        frames: The number of samples according to the decoder, from the header.
        raw: The file. The frames of an MP3 file are counted instead, because the decoder only estimates their number if they
            differ in length and no header gives it; it may leave out up to four frames at the ends (the encoder's delay).
    """
    if _is_mp3(raw):
        return max(1, _mp3(raw).samples - 4 * 1152)
    return frames if 0 < frames < _FLAC_MAX else None


def _is_mp3(raw: bytes) -> bool:
    return raw[:3] == b"ID3" or (len(raw) > 1 and raw[0] == 0xFF and raw[1] & 0xE0 == 0xE0)


def open_length(raw: bytes) -> bool:
    """Whether a FLAC file leaves its number of samples open (0) or gives the largest number that fits.

    Both are valid, as an encoder writes them into a pipe, but libsndfile cannot read such a file to its end.
    """
    return raw[:4] == b"fLaC" and int.from_bytes(raw[21:26], "big") & _FLAC_MAX in {0, _FLAC_MAX}


def differs_from_its_hash(raw: bytes, samples: npt.NDArray[np.float64]) -> bool:
    """Whether decoded FLAC audio is not what was encoded, by the MD5 in its header (RFC 9639, section 8.2).

    Args:
        raw: The file.
        samples: All channels, (n, channels), in [-1, 1].
    """
    digest = raw[26:42]
    if raw[:4] != b"fLaC" or not any(digest):
        return False  # encoders of streams leave it empty
    bits = (int.from_bytes(raw[20:22], "big") >> 4 & 31) + 1
    if bits not in {16, 24}:
        return False
    whole = np.rint(samples * 2 ** (bits - 1)).astype("<i4")
    plain = whole.astype("<i2").tobytes() if bits == 16 else whole.view("u1").reshape(-1, 4)[:, :3].tobytes()
    return hashlib.md5(plain, usedforsecurity=False).digest() != digest
