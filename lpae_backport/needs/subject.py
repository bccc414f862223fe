# SPDX-License-Identifier: GPL-2.0-only
"""Finds the code that a user asks about: files, folders or a patch, in a tree or beside one."""

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lpae_backport.errors import TreeError, UsageError
from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.kconfig import config_entry
from lpae_backport.mailpatch.model import Patch
from lpae_backport.masking import decode
from lpae_backport.needs.code import Code
from lpae_backport.needs.externals import Spot
from lpae_backport.tree import Tree

_DEPTH = 12
_SOURCES = (".c", ".h")
"""What is read as C: .S is none, and what else is included (.inc) means nothing on its own."""
_HINT = "a .c or .h file, a folder of some, or a patch"
_BUILT = re.compile(r"^\s*obj-\$\(CONFIG_(\w+)\)\s*[:+]?=", re.MULTILINE)
_SYMBOL = re.compile(r"\b[A-Z][A-Z0-9_]*\b")
_ASKING = (["depends"], ["select"], ["imply"])
_HELP = (["help"], ["---help---"])


@dataclass(frozen=True)
class Subject:
    """The code that is asked about.

    Attributes:
        codes: its files.
        is_module: whether it can be built as a module.
        options: symbols of Kconfig that its own entry asks for, with the places that do.
        only: the lines that count, by file; none given means all.
        problems: what could not be read.
        is_cut: whether some of it is but the lines of a patch, without the rest of the file.
    """

    codes: tuple[Code, ...]
    is_module: bool = True
    options: Mapping[str, tuple[Spot, ...]] = field(default_factory=dict)
    only: Mapping[str, frozenset[int]] | None = None
    problems: tuple[str, ...] = ()
    is_cut: bool = False


def subject_of(given: Iterable[str], tree: FileTree) -> Subject:
    """Find the code.

    Args:
        given: files and folders, as paths on disk or below the tree's kernel; or one patch.
        tree: the tree that it is written for.

    Raises:
        TreeError: there is no such code, or it cannot be read.
        UsageError: a patch is mixed with something else.
    """
    from lpae_backport.needs.patchcode import is_patch

    names = list(given)
    patches = [n for n in names if os.path.isfile(n) and is_patch(n)]
    if patches and len(names) > 1:
        hint = "ask for one patch at a time"
        raise UsageError("a patch and other code at once", where=patches[0], hint=hint)
    if patches:
        from lpae_backport.mailpatch.reading import patches_of

        return subject_of_patches(patches_of(patches[0], tree), patches[0], tree)
    problems: list[str] = []
    found: dict[str, Code] = {}
    for name in names:
        for code in _codes(name, tree, problems):
            found.setdefault(code.path, code)
    if not found:
        raise TreeError("holds no C", where=names[0], hint=_HINT)
    options, is_module = _options(tree, {posixpath.dirname(p) for p in found})
    return Subject(tuple(found.values()), is_module, options, None, tuple(problems))


def subject_of_patches(patches: Sequence[Patch], where: str, tree: FileTree) -> Subject:
    """Return the lines of C that patches add, as the code that is asked about.

    Args:
        patches: the patches.
        where: what they are called by.
        tree: the tree that they are written for.

    Raises:
        TreeError: they add no C, or only in hunks that are not whole.
    """
    from lpae_backport.needs.patchcode import patched

    added = patched(patches, where, tree)
    options, is_module = _options(tree, {posixpath.dirname(c.path) for c in added.codes})
    problems = [f"{where}:{r.at}: {r.what}" for p in patches for r in p.problems]
    problems += added.problems
    return Subject(
        tuple(added.codes), is_module, options, added.only, tuple(problems), added.is_cut
    )


def _codes(given: str, tree: FileTree, problems: list[str]) -> Iterator[Code]:
    """Yield the files that one argument names."""
    home, path = _placed(given, tree)
    if home.is_file(path):
        if not path.endswith(_SOURCES):
            raise TreeError("neither C nor a patch", where=given, hint=_HINT)
        yield Code(path, home.read(path))
        return
    for name in home.walk(path, _DEPTH) if path else _all(home):
        if name.endswith(_SOURCES):
            try:
                yield Code(name, home.read(name))
            except UnreadableError as e:
                problems.append(f"{name}: {e.message}")


def _all(home: FileTree) -> Iterator[str]:
    here = home.listing("")
    yield from here.files
    for d in here.dirs:
        yield from home.walk(d, _DEPTH)


def _placed(given: str, tree: FileTree) -> tuple[FileTree, str]:
    """Return the tree that holds what an argument names, and its path there."""
    inner = _below(given, tree.directory) if tree.directory else ""
    inner = inner or posixpath.normpath(given)
    if not inner.startswith(("..", "/")) and (tree.is_file(inner) or _is_folder(tree, inner)):
        return tree, inner
    if os.path.isdir(given):
        return Tree(given, is_kernel=False), ""
    if os.path.isfile(given):
        return Tree(os.path.dirname(given) or ".", is_kernel=False), os.path.basename(given)
    hint = "a path below the new tree, or one on disk"
    raise TreeError("no such file or folder", where=given, hint=hint)


def _below(given: str, root: str) -> str:
    """Return where a path on disk is below a root; nothing where it is not."""
    real, top = os.path.realpath(given), os.path.realpath(root)
    return os.path.relpath(real, top) if real.startswith(top + os.sep) else ""


def _is_folder(tree: FileTree, name: str) -> bool:
    here = tree.listing(name)
    return bool(here.files or here.dirs)


def _options(tree: FileTree, folders: Iterable[str]) -> tuple[dict[str, tuple[Spot, ...]], bool]:
    """Return what the Kconfig entries of some code ask for, and whether it can be a module."""
    found: dict[str, tuple[Spot, ...]] = {}
    kinds: list[str] = []
    for symbol, home in sorted(set(_symbols(tree, folders))):
        for path in _kconfigs(home):
            try:
                entry = _entry(tree.read(path), symbol)
            except UnreadableError:
                continue
            if entry is None:
                continue
            is_module = any(r.split()[:1] == ["tristate"] for r in entry[1])
            kinds.append("tristate" if is_module else "bool")
            for name, line in _asked(*entry):
                found[f"CONFIG_{name}"] = (*found.get(f"CONFIG_{name}", ()), Spot(path, line))
            break
    return found, not kinds or "tristate" in kinds


def _symbols(tree: FileTree, folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the options that the nearest Makefiles build code for, with their folders."""
    for folder in folders:
        at = folder
        while at:
            names = [f"{at}/{n}" for n in ("Kbuild", "Makefile") if tree.is_file(f"{at}/{n}")]
            built: set[str] = set()
            for name in names:
                try:
                    built |= set(_BUILT.findall(decode(tree.read(name))))
                except UnreadableError:
                    continue
            if built:
                yield from ((b, at) for b in built)
                break
            at = posixpath.dirname(at)


def _kconfigs(folder: str) -> Iterator[str]:
    while folder:
        yield f"{folder}/Kconfig"
        folder = posixpath.dirname(folder)


def _entry(data: bytes, symbol: str) -> tuple[int, list[str]] | None:
    """Return the line behind the head of an entry, and its lines up to its help."""
    found = config_entry(data, symbol)
    if found is None:
        return None
    rows = decode(data).splitlines()[found.line : found.end_line]
    first_of_help = (i for i, r in enumerate(rows) if r.split()[:1] in _HELP)
    return found.line + 1, rows[: next(first_of_help, len(rows))]


def _asked(line: int, rows: list[str]) -> Iterator[tuple[str, int]]:
    goes_on = False
    for i, row in enumerate(rows):
        words = row.split("#")[0].split('"')[0]
        goes_on = goes_on or words.split()[:1] in _ASKING
        if goes_on:
            for name in _SYMBOL.findall(words):
                yield name, line + i
        goes_on = goes_on and row.endswith("\\")
