# SPDX-License-Identifier: GPL-2.0-only
"""Would a compiler take it? What an edit must not bring into a file, told without compiling.

Only what is new counts: a name that nothing defines, a call with another number of arguments, a
static function or a local that nothing uses.
"""

import posixpath
import re
from collections.abc import Iterator
from functools import cached_property

from lpae_backport.masking import without_comments
from lpae_backport.symbols import Body, CodeFile, Function
from lpae_backport.syntax import Node
from lpae_backport.tree import FileTree, UnreadableError

_WORD = re.compile(rb"[A-Za-z_]\w*")
_INCLUDE = re.compile(rb"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"\n]+)[>\"]", re.MULTILINE)
_PLACES = (
    *("include", "include/uapi", "arch/arm64/include", "arch/arm/include"),
    *("arch/arm64/include/uapi", "arch/arm/include/uapi"),
)
_MAX_HEADERS = 4000
_BUILTIN = frozenset({"__func__", "__builtin_expect", "defined", "NULL", "true", "false"})


class Vocabulary:
    """The words of all headers that a file of a tree reaches by ``#include``.

    Args:
        tree: the tree.
        path: the file to start from.
        assume: names that an architecture's headers define, for a tree that has none of those.
    """

    def __init__(self, tree: FileTree, path: str, assume: frozenset[str] = frozenset()) -> None:
        self._tree = tree
        self._path = path
        self._assume = assume

    @cached_property
    def words(self) -> frozenset[bytes]:
        """Every word, comments left out; the file's own text is not among them."""
        seen: set[str] = {self._path}
        queue = [self._path]
        found: set[bytes] = set()
        while queue and len(seen) < _MAX_HEADERS:
            path = queue.pop()
            try:
                data = without_comments(self._tree.read(path))
            except UnreadableError:
                continue
            if path != self._path:
                found.update(_WORD.findall(data))
            for m in _INCLUDE.finditer(data):
                for there in self._candidates(path, m[1] == b"<", m[2].decode("latin-1")):
                    if there not in seen:
                        seen.add(there)
                        queue.append(there)
        return frozenset(found)

    def has(self, name: str) -> bool:
        """Tell whether a header has the word, or may be taken to have it."""
        if name.encode() in self.words:
            return True
        return name in self._assume and not self._is_whole

    @cached_property
    def _is_whole(self) -> bool:
        return any(
            self._tree.listing(p).files or self._tree.listing(p).dirs
            for p in ("arch/arm64/include/asm", "arch/arm/include/asm", "include/asm")
        )

    def _candidates(self, user: str, system: bool, header: str) -> Iterator[str]:
        places = _PLACES if system else (posixpath.dirname(user), *_PLACES)
        for place in places:
            path = posixpath.normpath(posixpath.join(place, header))
            if not path.startswith("..") and self._tree.is_file(path):
                yield path
        if header.startswith("asm/"):
            generic = f"include/asm-generic/{header[4:]}"
            if self._tree.is_file(generic):
                yield generic


def faults(before: CodeFile | None, after: CodeFile, vocabulary: Vocabulary) -> list[str]:
    """Return what a change would break in one file, each in a few words.

    Args:
        before: the file as it was, or nothing for one that moved here.
        after: the file as it is to be.
        vocabulary: the words of the headers it includes.
    """
    found: list[str] = []
    elsewhere: set[str] = set()
    for f in _changed(before, after):
        old = (before.functions.get(f.name) or [None])[0] if before is not None else None
        known = set(_unknown_names(old, vocabulary)) if old is not None else set()
        for name in _unknown_names(f, vocabulary):
            if name not in known and not elsewhere and before is not None:
                elsewhere = _used_anyway(before, vocabulary)
            if name not in known and name not in elsewhere:
                found.append(f"{f.name} would use {name}, which this tree lacks")
        was = set(_wrong_calls(old)) if old is not None else set()
        found += [w for w in _wrong_calls(f) if w not in was]
    idle = set(unused_statics(before)) if before is not None else set()
    found += [f"nothing would use {n}" for n in unused_statics(after) if n not in idle]
    return list(dict.fromkeys(found))


def _used_anyway(file: CodeFile, vocabulary: Vocabulary) -> set[str]:
    """Return the public names that a file used all along, wherever they are defined."""
    names = {n for fs in file.functions.values() for f in fs for n in _unknown_names(f, vocabulary)}
    return {n for n in names if not n.islower()}


def _changed(before: CodeFile | None, after: CodeFile) -> list[Function]:
    old = set()
    if before is not None:
        old = {
            before.source.data[f.span.start : f.span.end]
            for fs in before.functions.values()
            for f in fs
        }
    return [
        f
        for fs in after.functions.values()
        for f in fs
        if after.source.data[f.span.start : f.span.end] not in old
    ]


def _unknown_names(function: Function, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield the names a function uses that neither it, its file nor a header defines."""
    file = function.file
    own = file.defined_words
    for body in function.bodies:
        local = {*body.params, *body.locals, *(_label(n) for n in body.labels)}
        for n in body.nodes:
            if n.kind not in ("identifier", "field_identifier", "type_identifier"):
                continue
            name = n.label
            if name in _BUILTIN or (n.kind == "identifier" and name in local):
                continue
            if name in own and (n.kind == "identifier" or n.kind == "type_identifier"):
                continue
            public = n.kind != "identifier" or n.role == "function" or name.isupper()
            public = public or not name.islower() or _is_type_argument(n)
            if n.kind == "field_identifier" and name in file.field_words:
                continue
            if public and vocabulary.has(name):
                continue
            yield name


def _is_type_argument(n: Node) -> bool:
    """Tell whether a name may be a type: an argument of ``sizeof``, a macro, or a cast."""
    parent = n.parent
    return parent is not None and parent.kind in ("argument_list", "sizeof_expression")


def _label(statement: Node) -> str:
    return statement.kids[0].label if statement.kids else ""


def _wrong_calls(function: Function) -> Iterator[str]:
    """Yield calls of functions of the same file with another number of arguments."""
    file = function.file
    for body in function.bodies:
        for n in body.nodes:
            if n.kind != "call_expression" or n.kids[0].kind != "identifier":
                continue
            name = n.kids[0].label
            given = len(n.kids[-1].kids)
            wanted = {len(b.params) for f in file.functions.get(name, ()) for b in f.bodies}
            if not wanted:
                wanted = {
                    len(m.params)
                    for m in file.source.macros.get(name, ())
                    if m.params is not None
                }
            if wanted and given not in wanted:
                yield f"{function.name} would call {name} with {given} arguments"


def unused_statics(file: CodeFile) -> Iterator[str]:
    """Yield the static functions whose name stands nowhere but in their own head."""
    code = file.source.quiet
    for name, fs in file.functions.items():
        head = fs[0].entity.head()
        if not head.lstrip().startswith(b"static") or b"inline" in head or b"__" in head.split(b"(")[0].replace(name.encode(), b""):
            continue
        spans = [f.span for f in fs] + file.declarations(name)
        uses = [m.start() for m in re.finditer(rb"\b%b\b" % name.encode(), code)]
        if all(any(s.start <= u < s.end for s in spans) for u in uses) and not _recursive_use(name, fs):
            yield name


def _recursive_use(name: str, functions: list[Function]) -> bool:
    return name.startswith("DEFINE_") or any(f.entity.head().count(b"(") == 0 for f in functions)


def unused_locals(function: Function) -> list[tuple[Node, Node]]:
    """Return the declarators of a function that nothing uses, each with its declaration."""
    if len(function.bodies) != 1:
        return []
    body: Body = function.bodies[0]
    found = []
    for n in body.nodes:
        if n.kind != "declaration":
            continue
        for d in (k for k in n.kids if k.role == "declarator"):
            names = [k for k in d.walk() if k.kind == "identifier"]
            if names and len(_uses(body, names[0].label)) == 1:
                found.append((n, d))
    return found


def _uses(body: Body, name: str) -> list[Node]:
    return [n for n in body.by_label.get(name, ()) if n.kind == "identifier"]
