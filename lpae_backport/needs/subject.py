# SPDX-License-Identifier: GPL-2.0-only
"""Finds the code that a user asks about: files, folders or a patch, in a tree or beside one."""

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lpae_backport.errors import TreeError, UsageError
from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.masking import decode
from lpae_backport.needs.code import Code
from lpae_backport.needs.externals import Spot
from lpae_backport.tree import Tree

_DEPTH = 12
_SOURCES = (".c", ".h")
_BUILT = re.compile(r"^\s*obj-\$\(CONFIG_(\w+)\)\s*[:+]?=", re.MULTILINE)
_ENTRY = re.compile(r"^[ \t]*(?:menu)?config[ \t]+(\w+)[ \t]*$", re.MULTILINE)
_SYMBOL = re.compile(r"\b[A-Z][A-Z0-9_]*\b")
_ASKING = ("depends", "select", "imply")


@dataclass(frozen=True)
class Subject:
    """The code that is asked about.

    Attributes:
        codes: its files.
        is_module: whether it can be built as a module.
        options: symbols of Kconfig that its own entry asks for, with the places that do.
        only: the lines that count, by file; none given means all.
        problems: what could not be read.
    """

    codes: tuple[Code, ...]
    is_module: bool = True
    options: Mapping[str, tuple[Spot, ...]] = field(default_factory=dict)
    only: Mapping[str, frozenset[int]] | None = None
    problems: tuple[str, ...] = ()


def subject_of(given: Iterable[str], tree: FileTree) -> Subject:
    """Find the code.

    Args:
        given: files and folders, as paths on disk or below the tree's kernel; or one patch.
        tree: the tree that it is written for.

    Raises:
        TreeError: there is no such code, or it cannot be read.
        UsageError: a patch is mixed with something else.
    """
    from lpae_backport.needs.patchcode import is_patch, patched

    names = list(given)
    patches = [n for n in names if os.path.isfile(n) and is_patch(n)]
    if patches and len(names) > 1:
        hint = "ask for one patch at a time"
        raise UsageError("a patch and other code at once", where=patches[0], hint=hint)
    if patches:
        codes, only = patched(patches[0], tree)
        folders = {posixpath.dirname(c.path) for c in codes}
        options, is_module = _options(tree, folders)
        return Subject(tuple(codes), is_module, options, only)
    problems: list[str] = []
    found: dict[str, Code] = {}
    for name in names:
        for code in _codes(name, tree, problems):
            found.setdefault(code.path, code)
    if not found:
        raise TreeError("holds no C", where=names[0], hint="a .c or .h file, or a folder of some")
    options, is_module = _options(tree, {posixpath.dirname(p) for p in found})
    return Subject(tuple(found.values()), is_module, options, None, tuple(problems))


def _codes(given: str, tree: FileTree, problems: list[str]) -> Iterator[Code]:
    """Yield the files that one argument names."""
    home, path = _placed(given, tree)
    if home.is_file(path):
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
                text = decode(tree.read(path))
            except UnreadableError:
                continue
            entry = _entry(text, symbol)
            if entry is None:
                continue
            kinds.append("tristate" if re.search(r"\btristate\b", entry[1]) else "bool")
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


def _entry(text: str, symbol: str) -> tuple[int, str] | None:
    """Return the line of an entry, and its text up to the next one or its help."""
    for m in _ENTRY.finditer(text):
        if m[1] == symbol:
            end = re.search(
                r"^[ \t]*(?:(?:menu)?config|menu|endmenu|choice|endchoice|source|if|endif|comment"
                r"|help|---help---)\b",
                text[m.end() :],
                re.MULTILINE,
            )
            stop = m.end() + end.start() if end else len(text)
            return text.count("\n", 0, m.end()) + 1, text[m.end() : stop]
    return None


def _asked(line: int, text: str) -> Iterator[tuple[str, int]]:
    for i, row in enumerate(text.replace("\\\n", " \n").split("\n")):
        words = row.split("#")[0].split('"')[0]
        if words.strip().split(" ")[0] in _ASKING:
            for name in _SYMBOL.findall(words):
                yield name, line + i
