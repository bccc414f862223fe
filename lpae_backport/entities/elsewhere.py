# SPDX-License-Identifier: GPL-2.0-only
"""Entities that left one file for another: looked for near by, and in the headers it includes."""

import posixpath
from collections.abc import Iterable
from dataclasses import replace

from lpae_backport.entities.extraction import Entity, EntityFile
from lpae_backport.entities.rows import Row, Status, judged, profile
from lpae_backport.entities.similarity import alike
from lpae_backport.entities.sources import EntityTree, folder_of

_NAMES = 400
"""Most names that are looked for elsewhere."""
_FILES = 100
"""Most files that they are looked for in."""
_FOLLOWED = frozenset({"function", "macro", "struct", "union", "enum", "typedef", "object"})


def followed(
    rows: tuple[Row, ...], old: EntityTree, new: EntityTree, threshold: float
) -> tuple[Row, ...]:
    """Return rows with what is gone, or new, found again in other files near by.

    Args:
        rows: what became of the entities of one file.
        old: the tree as it was.
        new: the tree as it is.
        threshold: how alike two must be where the name alone says little: in a file that is no
            header, as with the static functions of another driver.
    """
    left = {r.old: None for r in rows if r.status is Status.REMOVED and not r.how}
    came = {r.new: None for r in rows if r.status is Status.ADDED and not r.how}
    files = [_file(rows, "old"), _file(rows, "new")]
    went = _found(left, files, old, new, threshold)
    from_ = _found(came, files, new, old, threshold)
    return tuple(_moved(r, went, from_) for r in rows)


def _moved(r: Row, went: dict[Entity, Entity], came: dict[Entity, Entity]) -> Row:
    if r.old in went and r.new is None:
        return moved(r.old, went[r.old])
    if r.new in came and r.old is None:
        return moved(came[r.new], r.new)
    return r


def moved(old: Entity, new: Entity) -> Row:
    """Return a row for an entity that stands in another file now."""
    row = judged(old, new, Status.MOVED)
    return replace(row, how=(f"from {old.file.path} to {new.file.path}", *row.how))


def _file(rows: Iterable[Row], side: str) -> EntityFile | None:
    entities = (getattr(r, side) for r in rows)
    return next((e.file for e in entities if isinstance(e, Entity)), None)


def _found(
    sought: Iterable[Entity | None],
    files: list[EntityFile | None],
    here: EntityTree,
    there: EntityTree,
    threshold: float,
) -> dict[Entity, Entity]:
    """Return where entities of one tree stand in the other, in files that had none such here."""
    wanted = [e for e in sought if e is not None and e.kind in _FOLLOWED][:_NAMES]
    if not wanted:
        return {}
    found: dict[Entity, Entity] = {}
    own = {f.path for f in files if f is not None}
    for path in [p for p in _near(files, there) if p not in own][:_FILES]:
        data = there.data(path) or b""
        likely = [e for e in wanted if e not in found and e.name.encode() in data]
        if not any(_stands_out(e.name.encode(), data) for e in likely):
            continue
        file = there.file(path)
        for e in likely if file is not None else ():
            assert file is not None
            match = next((n for n in file.named(e.name) if n.kind == e.kind), None)
            if match is None or _had(here, path, e):
                continue
            if path.endswith(".h") or alike(profile(e), profile(match)) >= threshold:
                found[e] = match
    return found


def _stands_out(name: bytes, data: bytes) -> bool:
    """Tell whether a name stands in a line that is not indented, as definitions do."""
    at = data.find(name)
    while at != -1:
        if not data[data.rfind(b"\n", 0, at) + 1 : at + 1][:1].isspace():
            return True
        at = data.find(name, at + len(name))
    return False


def _had(tree: EntityTree, path: str, e: Entity) -> bool:
    """Tell whether a file has had an entity of that name all along."""
    if not tree.has(path) or e.name.encode() not in (tree.data(path) or b""):
        return False
    file = tree.file(path)
    return file is not None and any(n.kind == e.kind for n in file.named(e.name))


def _near(files: list[EntityFile | None], tree: EntityTree) -> dict[str, None]:
    """Return the files that something may have gone to: those beside, and headers included."""
    found: dict[str, None] = {}
    for f in files:
        if f is None:
            continue
        folder = folder_of(f.path)
        for i in f.source.includes:
            for base in ("include", folder):
                path = posixpath.normpath(posixpath.join(base, i.header))
                if not path.startswith("..") and tree.has(path):
                    found[path] = None
        found |= dict.fromkeys(tree.sources(folder, 0))
    return found
