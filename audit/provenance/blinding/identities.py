"""The identities of a team that its literature names: records, people, institution, repositories, files in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from audit.provenance.blinding.names import Identity, Names
from audit.provenance.blinding.own_records import OwnRecords
from audit.provenance.format import layout
from audit.schema import AuditDocument

_HEX = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])")
# A file in a repository: folders and a name with a suffix.
_FILE = re.compile(r"(?<![\w./:-])[\w-]+(?:/[\w.-]+)*/[\w-]+(?:\.[\w-]+)*\.[A-Za-z][A-Za-z0-9]{0,5}(?![\w/])")
_EVIDENCE = re.compile(r"^ *(?:- )?(?:path: |- )([\w./-]+)$", re.MULTILINE)
_ID = re.compile(r"[a-z0-9.]+(?:-[a-z0-9.]+)*")
# What follows the name of a repository up to here is about it: a commit, a file.
_ABOUT = 160
# A file's name without its folders is looked for if it has at least as many characters.
_LONG_NAME = 8
_ACRONYM = 4


@dataclass(frozen=True, slots=True)
class Found:
    """What names the team.

    Attributes:
        identities: In a fixed order.
        notes: For a terminal: what could not be decided from the data.
    """

    identities: tuple[Identity, ...]
    notes: tuple[str, ...] = ()


def of_records(files: Mapping[str, bytes], audit: AuditDocument, own: OwnRecords) -> Found:
    """The identities that the team's own records state.

    Args:
        files: The files of the audit, with its literature.
        audit: audit.json.
        own: The team's own records.
    """
    others = {
        name: data.decode("utf-8", "replace")
        for name, data in files.items()
        if name.startswith(layout.LITERATURE) and name not in own.paths and "/units/" not in name
    }
    records = list(_records(own, audit))
    people = list(_people(own))
    repositories = sorted(set(_repositories(own)))
    raw = [files[path].decode("utf-8") for path in sorted(own.paths)]
    notes: list[str] = []
    found = [
        *records,
        *people,
        *_places(repositories, raw, others),
        *_commits(raw),
        *_files(repositories, raw, others),
        *_links(own),
    ]
    found = list(dict.fromkeys(found))
    notes += _elsewhere(found, others, {c.id for c in audit.conventions})
    return Found(tuple(found), tuple(notes))


def _records(own: OwnRecords, audit: AuditDocument) -> Iterator[Identity]:
    """Ids of records; ids of conventions begin with them."""
    works = [data for data in own.works.values() if data["id"] != own.paper]
    ids = [data["id"] for data in (*works, *own.reproductions.values())]
    stems = [one for one in dict.fromkeys(ids) if not any(one.startswith(f"{other}-") for other in ids)]
    taken = {c.id for c in audit.conventions} | {w.id for w in audit.literature.works} | {c.task for c in audit.claims}
    base = next(
        name
        for name in ("team", "the-team", "a-team", "blind-team")
        if not any(re.match(rf"{name}-[0-9]", one) for one in taken)
    )
    for number, stem in enumerate(stems, 1):
        # Not a word: `verify --rescore` puts the program's own names back into texts.
        yield Identity("record", stem, f"{base}-{number}")


def _people(own: OwnRecords) -> Iterator[Identity]:
    names: dict[str, str] = {}
    institutions: dict[str, str] = {}
    for data in own.reproductions.values():
        before, colon, after = data["team"].partition(":")
        institutions.setdefault(before.strip().casefold(), before.strip())
        for name in re.split(r"[,;]|\band\b|&", after if colon else ""):
            if name.strip():
                names.setdefault(name.strip().casefold(), name.strip())
    authors = [name for data in own.works.values() for name in data["authors"]]
    for name in (*authors, *(data["paper"]["authors_first"] for data in own.study.values())):
        names.setdefault(name.casefold(), name)
    for number, name in enumerate(names.values(), 1):
        yield Identity("person", name, f"team-member-{number}")
    for number, name in enumerate(institutions.values(), 1):
        if name.casefold() not in names:
            neutral = "team-institution" if number == 1 else f"team-institution-{number}"
            yield Identity("institution", name, neutral)
            letters = "".join(word[0] for word in name.split() if word[0].isupper())
            if len(letters) >= _ACRONYM:
                yield Identity("acronym", letters, neutral)


def _repositories(own: OwnRecords) -> Iterator[str]:
    for data in own.reproductions.values():
        yield data["repo"]
    for data in own.works.values():
        if data["code"]["repo"]:
            yield data["code"]["repo"]


def _places(repositories: list[str], raw: list[str], others: Mapping[str, str]) -> Iterator[Identity]:
    """Repositories, with further ones of the same owners that the records mention.

    GitHub has no names with a dot, so a link with the neutral one leads nowhere.
    """
    owners = sorted({repo.partition("/")[0] for repo in repositories})
    mentioned = {
        match
        for owner in owners
        for text in raw
        for match in re.findall(rf"(?<![\w./-]){re.escape(owner)}/[\w.-]*\w", text)
    }
    known = sorted({*repositories, *mentioned})
    for number, repo in enumerate(known, 1):
        yield Identity("repository", repo, f"team.owner/team-repository{'' if number == 1 else f'-{number}'}")
    rest = [_without(text, known) for text in others.values()]
    for number, owner in enumerate(owners, 1):
        yield Identity("owner", owner, "team.owner" if number == 1 else f"team.owner-{number}")
    for number, name in enumerate(sorted({repo.partition("/")[2] for repo in known}), 1):
        one = Identity("repository-name", name, f"team-repository{'' if number == 1 else f'-{number}'}")
        # With its owner it is replaced; alone it may be a word that others use, as the name of a model.
        if not _occurs(one, rest):
            yield one


def _commits(raw: list[str]) -> Iterator[Identity]:
    """Commits and hashes of files: with any of them, a search engine finds the repository."""
    for number, value in enumerate(sorted({match for text in raw for match in _HEX.findall(text)}), 1):
        yield Identity("commit", value, f"{number:0{len(value)}}")


def _files(repositories: list[str], raw: list[str], others: Mapping[str, str]) -> Iterator[Identity]:
    """Files in the repositories: with a path, a search engine for code finds them.

    A path that a record of others gives as evidence of its own, and a name without folders that others mention, stay.
    """
    found = {match for text in raw for match in _FILE.findall(text)}
    for text in others.values():
        for repo in repositories:
            for match in re.finditer(re.escape(repo), text):
                found.update(_FILE.findall(text[match.end() : match.end() + _ABOUT]))
    found -= set(repositories)
    rest = [_without(text, repositories) for text in others.values()]
    theirs = {match for text in rest for match in _EVIDENCE.findall(text)}
    number = 0
    for path in sorted(found - theirs):
        one = Identity("file", path, f"team-file-{number + 1}")
        if any(path.startswith(repo.partition("/")[0] + "/") for repo in repositories):
            continue
        number += 1
        yield one
        name = path.rpartition("/")[2]
        alone = [text.replace(path, "") for text in rest if name in text]
        if len(name) >= _LONG_NAME and not _occurs(replace(one, value=name), alone):
            yield replace(one, kind="file-name", value=name)


def _links(own: OwnRecords) -> Iterator[Identity]:
    papers = [*own.works.values(), *(data["paper"] for data in own.study.values())]
    links = [data[field] for data in papers for field in ("doi", "arxiv", "url") if data.get(field)]
    for number, link in enumerate(dict.fromkeys(links), 1):
        yield Identity("remote", link, f"team-link-{number}")
    works = [data for data in own.works.values() if data["id"] != own.paper]
    titles = [data["title"] for data in (*works, *own.reproductions.values())]
    for number, title in enumerate(dict.fromkeys(titles), 1):
        yield Identity("work", title, "team-work" if number == 1 else f"team-work-{number}")


def _without(text: str, repositories: Iterable[str]) -> str:
    """A text without what is about the repositories."""
    for repo in repositories:
        text = re.sub(rf"{re.escape(repo)}(?s:.{{0,{_ABOUT}}})", " ", text)
    return text


def _occurs(one: Identity, texts: Iterable[str]) -> bool:
    names = Names([one])
    return any(names.holds(text) for text in texts)


def _elsewhere(found: Sequence[Identity], others: Mapping[str, str], ids: Collection[str]) -> Iterator[str]:
    """Names that others' records have, too: replacing them there tells readers that both are the same."""
    for one in found:
        if one.kind not in {"institution", "owner", "person", "record"}:
            continue
        rest = Names([other for other in found if other.value != one.value])
        alone = Names([one])
        for name, text in others.items():
            if alone.holds(_ID.sub(lambda match: "" if match[0] in ids else match[0], rest.text(text))):
                yield (
                    f"the {one.kind} {one.value} is also in {name}, which is not the team's record; it is replaced there, "
                    "too, so readers see that both are the same (--not-identity leaves it)"
                )
                break
