"""Members of a zip archive in memory, with limits on what they unpack to; Zstandard, which Python's reader lacks until 3.14.

inspect_ai compresses its logs with Zstandard (method 93). pyarrow, the extra `parquet`, carries the library.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

from audit.errors import InputError, MissingError

_ZSTANDARD = 93
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, _ZSTANDARD}
# A log of 100,000 samples has gigabytes; a large one that unpacks to 200 times its size was made to harm.
_MAX_MEMBER = 2**28
_MAX_TOTAL = 2**32
_MAX_RATIO = 200
_MAX_MEMBERS = 10**6
_LOCAL_HEADER = 30


def is_zip(raw: bytes) -> bool:
    """Whether the bytes begin as a zip archive."""
    return raw[:4] == b"PK\x03\x04"


class Members:
    """The files of an archive.

    Attributes:
        names: The names, in order.
    """

    def __init__(self, path: Path, raw: bytes) -> None:
        """Read the archive's directory.

        Raises:
            InputError: The archive is damaged, or unpacks to more than the limits.
        """
        self.path = path
        self._raw = raw
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(raw))
        except (zipfile.BadZipFile, ValueError, OSError, struct.error, NotImplementedError) as error:
            raise InputError(f"a damaged zip archive ({error})", where=str(path), fix="Copy the file again.") from error
        infos = self._zip.infolist()
        self.names = [info.filename for info in infos]
        size = sum(info.file_size for info in infos)
        if len(infos) > _MAX_MEMBERS or size > _MAX_TOTAL or (size > 2**26 and size > _MAX_RATIO * len(raw)):
            raise InputError(
                f"unpacks from {len(raw)} to {size} bytes in {len(infos)} files",
                where=str(path),
                fix="Convert the log with `inspect log convert --to json`.",
            )
        if len(set(self.names)) < len(self.names):
            raise InputError("two files of the archive have one name", where=str(path), fix="Write the log again.")

    @staticmethod
    def names_in(raw: bytes) -> list[str]:
        """The names in an archive; none if it cannot be read."""
        try:
            return zipfile.ZipFile(io.BytesIO(raw)).namelist()
        except (zipfile.BadZipFile, ValueError, OSError, struct.error, NotImplementedError):
            return []

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            InputError: It is damaged, encrypted, larger than its entry says, or compressed by an unknown method.
            MissingError: It is compressed with Zstandard, and pyarrow is not installed.
        """
        info = self._zip.getinfo(name)
        where = f"{self.path}: {name}"
        if info.flag_bits & 1 or info.compress_type not in _METHODS:
            raise InputError(
                f"encrypted, or compressed by method {info.compress_type}", where=where, fix="Write it again."
            )
        if info.file_size > _MAX_MEMBER:
            raise InputError(f"unpacks to {info.file_size} bytes", where=where, fix="A sample has at most 256 MiB.")
        try:
            if info.compress_type == _ZSTANDARD:
                data = _unpack(self._packed(info), info.file_size, where)
            else:
                with self._zip.open(info) as handle:
                    data = handle.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, struct.error) as error:
            raise InputError(f"damaged ({error})", where=where, fix="Copy the file again.") from error
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise InputError("damaged: its length or checksum is wrong", where=where, fix="Copy the file again.")
        return data

    def _packed(self, info: zipfile.ZipInfo) -> bytes:
        start = info.header_offset
        header = self._raw[start : start + _LOCAL_HEADER]
        if len(header) < _LOCAL_HEADER or not is_zip(header):
            raise ValueError("no local header")
        name, extra = struct.unpack("<HH", header[26:30])
        begin = start + _LOCAL_HEADER + name + extra
        return self._raw[begin : begin + info.compress_size]


def _unpack(packed: bytes, size: int, where: str) -> bytes:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise MissingError(
            "compressed with Zstandard, for which pyarrow is not installed",
            where=where,
            fix="pip install 'repro-audit[parquet]', or convert the log with `inspect log convert --to json`.",
        ) from error
    stream = pa.CompressedInputStream(pa.BufferReader(packed), "zstd")
    # One byte more than the entry says, so that a longer stream is seen and never unpacked as a whole.
    data: bytes = stream.read(size + 1)
    return data
