# SPDX-License-Identifier: GPL-2.0-only
"""What must be in a tree before a patch can be: what added lines need, and earlier renamings."""

import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from lpae_backport.errors import AuditError
from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.mailpatch.model import Line, LineKind, Patch
from lpae_backport.masking import without_comments
from lpae_backport.presence.image import is_c
from lpae_backport.presence.judging import shelf_of
from lpae_backport.presence.renaming import candidates, known, prerequisite, renamings
from lpae_backport.presence.retelling import renamed
from lpae_backport.presence.shelf import Shelf
from lpae_backport.presence.verdict import HunkStatus, PatchVerdict, Prerequisite

_CALL = re.compile(r"(?<![\w.>])([A-Za-z_]\w+)\s*\(")
_TAG = re.compile(r"\b(struct|union|enum)\s+([A-Za-z_]\w+)")
_MACRO = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b")
_FIELD = re.compile(r"(?:->|(?<=[\w)\]])\.|(?:\A|[{,(])\s*\.)\s*([A-Za-z_]\w+)")
_BARE = re.compile(r"(?<![.>\w])[A-Za-z_]\w+")
_DECLARED = re.compile(r"[^=(]*;\Z|\s*(?:DECLARE_|DEFINE_|(?:__)?struct_group)\w*\(|.*\(\s*\*")
_INCLUDE = re.compile(r"^\s*#\s*include\s*<([^>\"]+)>")
_DEFINE = re.compile(r"^\s*#\s*define\s+(\w+)")
_FUNCTION = re.compile(r"^(?:[A-Za-z_][\w\s*]*?[\s*])?(\w+)\s*\(")
_ENUMERATOR = re.compile(r"^\s*([A-Z]\w*)\s*(?:=[^,;]*)?,?\s*$")
_ENUM = re.compile(r"\benum\b[^{}();]*\{([^{}]*)")
_TAGGED = re.compile(r"\s*(?:typedef\s+)?(?:struct|union|enum)\s+(\w+)\s*(\{|\Z)")
_STAR = re.compile(r"\s*\*(?:[\s*/]|\Z)")
"""A line amid a comment; ``*name`` is code."""
_KEYWORDS = frozenset(
    ("if", "for", "while", "switch", "return", "sizeof", "typeof", "defined", "do", "else")
    + ("case", "__attribute__", "asm", "offsetof")
)
_APART = ("tools/", "samples/", "scripts/", "usr/", "Documentation/")
"""Folders of programs that are no part of the kernel, and have other headers."""
_WHY = "added lines use it; neither the tree nor the patch has it"
_WIDE = 2000
"""Columns of a line beyond which it is no code that somebody wrote."""
_MOST = 400
"""Most names that are looked for."""


def with_prerequisites(
    verdicts: Sequence[PatchVerdict], tree: FileTree, new: FileTree | None, arch: str
) -> list[PatchVerdict]:
    """Return verdicts with what must come first; nothing is looked for where all is applied.

    Args:
        verdicts: what is said of each patch.
        tree: the tree they were looked for in.
        new: a tree that they are for, if there is one at hand.
        arch: the kernel's ARCH.
    """
    shelf = shelf_of(tree)
    open_ = [i for i, v in enumerate(verdicts) if v.status is not HunkStatus.APPLIED]
    found = {i: renamings(verdicts[i], shelf) for i in open_}
    asked = {i: _asked(verdicts[i], shelf) for i in open_}
    words = {w for rs in found.values() for w in candidates(rs)}
    words |= {n.encode() for names in asked.values() for n in list(names)[:_MOST]}
    absent = _absent(words, tree)
    out = list(verdicts)
    for i in open_:
        verdict, used = renamed(out[i], found[i], shelf)
        told = [r for r in found[i] if r in used or r in known(found[i], absent)]
        more = [prerequisite(r, out[i], is_proven=r in used) for r in told]
        new_names = {r.new.decode("latin-1") for r in told}
        needed = [] if new is None else _needed(out[i], tree, new, arch)
        named = {_word(p) for p in needed}
        needed += [p for n, p in asked[i].items() if n.encode() in absent and _word(p) not in named]
        needed += [h for h in _headers(out[i], tree) if h.name not in {p.name for p in needed}]
        more += [p for p in needed if p.name.split(".")[0] not in new_names]
        out[i] = replace(verdict, prerequisites=(*out[i].prerequisites, *more))
    return out


def _absent(words: Iterable[bytes], tree: FileTree) -> frozenset[bytes]:
    """Return which of some names are nowhere in a tree; it is read from end to end, once."""
    from lpae_backport.scanning import scan

    wanted = sorted(set(words))
    if not wanted:
        return frozenset()
    result = scan(tree, wanted, _whole, lambda done: None)
    here = {w for _, found in result.found for w in found}
    return frozenset(wanted) - here


def _whole(path: str, data: bytes, words: frozenset[bytes]) -> tuple[bytes, ...]:
    """Return which words stand in a file as whole words; works in other processes."""
    return tuple(words)


def _added(verdict: PatchVerdict, counts: Callable[[str], bool] = is_c) -> list[tuple[str, Line]]:
    """Return the added lines of some files, those of C if not told, that the tree has not."""
    found = []
    for f in verdict.files:
        for h in f.hunks if counts(f.change.path) else ():
            if h.status is not HunkStatus.APPLIED:
                lines = h.absent or h.hunk.lines
                found += [(f.change.path, x) for x in lines if x.kind is LineKind.ADDED]
    return found


def _asked(verdict: PatchVerdict, shelf: Shelf) -> dict[str, Prerequisite]:
    """Return what added lines use that neither the patch nor the files it changes have."""
    own, members = _own(verdict.patch), _members(verdict.patch)
    texts = []
    for path in {h.path for f in verdict.files for h in f.hunks if h.path}:
        try:
            texts.append(shelf.standing(path).data)
        except UnreadableError:
            continue
    here = {w for t in texts for w in re.findall(rb"[A-Za-z_]\w+", t)}
    uses: dict[str, tuple[str, list[int]]] = {}
    for _, line in _added(verdict):
        for kind, name in _used(line.text):
            brought = members if kind == "field" else own
            if name not in brought and name.encode() not in here and name not in _KEYWORDS:
                uses.setdefault(name, (kind, []))[1].append(line.at)
    return {n: Prerequisite(n, kind, _WHY, tuple(at)) for n, (kind, at) in uses.items()}


def _headers(verdict: PatchVerdict, tree: FileTree) -> list[Prerequisite]:
    """Return the headers of the kernel that added lines include and nobody has.

    Only those of folders below include/ count; others may come from where a Makefile says.
    """
    made = {c.new_path for c in verdict.patch.changes}
    folders = tree.listing("include").dirs
    uses: dict[str, list[int]] = {}
    for path, line in _added(verdict):
        m = _INCLUDE.match(_code(line.text))
        name = m[1] if m else ""
        if name.partition("/")[0] in folders and ".." not in name and not path.startswith(_APART):
            homes = [f"include/{name}", f"include/uapi/{name}"]
            if not any(h in made or tree.is_file(h) for h in homes):
                uses.setdefault(name, []).append(line.at)
    return [Prerequisite(n, "header", _WHY, tuple(at)) for n, at in uses.items()]


def _used(text: str) -> Iterable[tuple[str, str]]:
    """Yield what a line of C calls or names."""
    code = _code(text)
    if _INCLUDE.match(code):
        return
    code = re.sub(r"\"(?:\\.|[^\"\\])*\"", '""', code)
    for m in _TAG.finditer(code):
        yield "type", m[2]
    for m in _CALL.finditer(code):
        yield ("macro" if m[1].isupper() else "function"), m[1]
    for m in _MACRO.finditer(code):
        yield "macro", m[0]
    for m in _FIELD.finditer(code):
        yield "field", m[1]


def _own(patch: Patch) -> frozenset[str]:
    """Return the names that a patch brings itself."""
    found: set[str] = set()
    for hunk in (h for c in patch.changes for h in c.hunks):
        lines = [_code(x.text) for x in hunk.lines if x.kind is LineKind.ADDED]
        for text, below in zip(lines, [*lines, ""][1:], strict=True):
            for shape in (_DEFINE, _FUNCTION, _ENUMERATOR):
                if m := shape.match(text):
                    found.add(m[1])
            for m in _ENUM.finditer(text):
                found.update(re.findall(r"(?:\A|,)\s*(\w+)", m[1]))
            if (m := _TAGGED.match(text)) and (m[2] or below.startswith("{")):
                found.add(m[1])
    return frozenset(found)


def _members(patch: Patch) -> frozenset[str]:
    """Return the names that may be those of fields that a patch declares."""
    found: set[str] = set()
    for x in (x for c in patch.changes for h in c.hunks for x in h.lines):
        text = _code(x.text) if x.kind is LineKind.ADDED else ""
        if _DECLARED.match(text):
            found.update(_BARE.findall(text))
    return frozenset(found)


def _code(text: str) -> str:
    """Return a line without its comments; nothing of one that nobody wrote."""
    if len(text) > _WIDE or _STAR.match(text):
        return ""
    code = without_comments(text.encode("utf-8", "surrogateescape")).decode("latin-1")
    return code.rstrip()


def _needed(verdict: PatchVerdict, tree: FileTree, new: FileTree, arch: str) -> list[Prerequisite]:
    """Ask `needs` what the added lines need; without one of C there is nothing to ask."""
    from lpae_backport.catalog.index import catalog_of
    from lpae_backport.needs.need import NeedKind, Status
    from lpae_backport.needs.requirements import needs_of
    from lpae_backport.needs.subject import subject_of_patches

    if not _added(verdict):
        return []
    try:
        subject = subject_of_patches([verdict.patch], verdict.patch.origin, new)
        needs = needs_of(subject, catalog_of(new), catalog_of(tree), arch)
    except AuditError as e:
        return [Prerequisite("?", "unknown", f"what it needs cannot be told: {e.message}")]
    own = _own(verdict.patch)
    found = []
    for n in needs.needs:
        if n.status is Status.SAME or n.name in own or n.compiles:
            continue
        is_option = n.kind is NeedKind.KCONFIG
        lines = (_options if is_option else _mentions)(verdict, n.name.rpartition(".")[2])
        if is_option and not lines:
            continue  # `needs` asks for what all entries of the folder depend on
        why = f"{n.status.value}" + (f": {n.how}" if n.how else "")
        found.append(Prerequisite(n.name, n.kind.value, why, lines))
    return found


def _word(p: Prerequisite) -> str:
    """Return the word for something: of a field its own name, of an option no CONFIG."""
    return p.name.rpartition(".")[2].removeprefix("CONFIG_")


def _mentions(verdict: PatchVerdict, word: str) -> tuple[int, ...]:
    """Return the added lines of C that have a word."""
    shape = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
    return tuple(x.at for _, x in _added(verdict) if shape.search(x.text))


def _options(verdict: PatchVerdict, name: str) -> tuple[int, ...]:
    """Return the added lines that name an option, be it in C or where options are made."""
    lines = [x.at for path, x in _added(verdict, is_c) if f"CONFIG_{name}" in _words(x.text)]
    lines += [x.at for path, x in _added(verdict, _is_kconfig) if name in _words(x.text)]
    return tuple(lines)


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text))


def _is_kconfig(path: str) -> bool:
    return posixpath.basename(path).startswith("Kconfig")
