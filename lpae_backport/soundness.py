# SPDX-License-Identifier: GPL-2.0-only
"""Would a compiler take it? What an edit must not bring into a file, told without compiling.

Only what is new counts: a name that nothing defines, a call with another number of arguments, a
static function or a local that nothing uses.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from lpae_backport.symbols import Body, CodeFile, Function
from lpae_backport.syntax import Node
from lpae_backport.vocabulary import Vocabulary

_WORD = re.compile(rb"[A-Za-z_]\w*")
_BUILTIN = frozenset({"__func__", "__builtin_expect", "defined", "NULL", "true", "false"})
_TYPE = re.compile(
    r"[su](?:8|16|32|64)|\w+_t|bool|(?:struct|union|enum|unsigned|signed|const|long)_\w+"
)


class Name(NamedTuple):
    """A name that a function uses and its file does not define.

    Attributes:
        text: the name.
        public: a header can define it; what else is a local by its looks cannot.
    """

    text: str
    public: bool


def faults(before: CodeFile | None, after: CodeFile, vocabulary: Vocabulary) -> list[str]:
    """Return what a change would break in one file, each in a few words.

    Args:
        before: the file as it was, or nothing for one that moved here.
        after: the file as it is to be.
        vocabulary: the words of the headers it includes.
    """
    found: list[str] = []
    for f in _changed(before, after):
        old = next(iter(before.functions.get(f.name, ())), None) if before is not None else None
        known = set(_foreign_names(old)) if old is not None else set()
        new = [n for n in dict.fromkeys(_foreign_names(f)) if n not in known]
        if new and before is not None:
            new = [n for n in new if not (n.public and n in _foreign(before))]
        odd = [n.text for n in new if not (n.public and vocabulary.has(n.text))]
        found += [f"{f.name} would use {n}, which this tree lacks" for n in odd]
        was = set(_wrong_calls(old)) if old is not None else set()
        found += [w for w in _wrong_calls(f) if w not in was]
    found += _used_above(before, after)
    idle = set(unused_statics(before)) if before is not None else set()
    found += [f"nothing would use {n}" for n in unused_statics(after) if n not in idle]
    return list(dict.fromkeys(found))


def _used_above(before: CodeFile | None, after: CodeFile) -> Iterator[str]:
    """Yield the functions that are new in a file, and used above where they are known."""
    for name, fs in after.functions.items():
        if before is not None and name in before.functions:
            continue
        known = min([f.span.start for f in fs] + [d.start for d in after.declarations(name)])
        use = re.search(rb"\b%b\b" % name.encode(), after.source.quiet)
        if use is not None and use.start() < known:
            yield f"{name} would be used above its definition"


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


_Kept = TypeVar("_Kept")


def _once(file: CodeFile, name: str, make: Callable[[], _Kept]) -> _Kept:
    """Work something out about a file the first time it is asked for."""
    if name not in file.remembered:
        file.remembered[name] = make()
    kept: _Kept = file.remembered[name]
    return kept


def _words(file: CodeFile, kinds: tuple[str, ...]) -> frozenset[str]:
    """Return the names of some kinds that stand in declarations at file level."""
    leaves = (n for node in file.declared_nodes() for n in node.walk() if n.kind in kinds)
    return frozenset(n.label for n in leaves if not _is_parameter(n))


def _is_parameter(leaf: Node) -> bool:
    """Tell whether a name is that of a prototype's parameter, which nothing else can use."""
    above = leaf.parent
    return leaf.kind == "identifier" and any(
        n.kind == "parameter_declaration" for n in (above, *leaf.ancestors()) if n is not None
    )


def _defined(file: CodeFile) -> frozenset[str]:
    """Return the names a file defines or declares at file level, enumerators included."""
    words = _once(file, "words", lambda: _words(file, ("identifier", "type_identifier")))
    return words | file.functions.keys() | file.source.macros.keys()


def _fields(file: CodeFile) -> frozenset[str]:
    """Return the names of the fields of the structs that a file defines."""
    return _once(file, "fields", lambda: _words(file, ("field_identifier",)))


def _counts(file: CodeFile) -> Counter[bytes]:
    """Return how often each word stands in a file, comments left out."""
    return _once(file, "counts", lambda: Counter(_WORD.findall(file.source.quiet)))


def _foreign(file: CodeFile) -> set[Name]:
    """Return the names that the functions of a file use and the file does not define."""
    return _once(
        file,
        "foreign",
        lambda: {n for fs in file.functions.values() for f in fs for n in _foreign_names(f)},
    )


def _foreign_names(function: Function) -> Iterator[Name]:
    """Yield the names a function uses that neither it nor its file defines."""
    file = function.file
    defined, fields = _defined(file), _fields(file)
    for body in function.bodies:
        local = {*body.params, *body.locals, *(_label(n) for n in body.labels)}
        for n in body.nodes:
            if n.kind == "field_identifier":
                if n.label not in fields:
                    yield Name(n.label, True)
            elif n.kind in ("identifier", "type_identifier"):
                bare = n.kind == "identifier"
                if n.label in _BUILTIN or n.label in defined or (bare and n.label in local):
                    continue
                yield Name(n.label, not bare or n.role == "function" or _looks_public(n))


def _looks_public(n: Node) -> bool:
    """Tell whether a bare name can be a macro, a constant, or a type among arguments."""
    if not n.label.islower():
        return True
    parent = n.parent
    typed = parent is not None and parent.kind in ("argument_list", "sizeof_expression")
    return typed and _TYPE.fullmatch(n.label) is not None


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
                    len(m.params) for m in file.source.macros.get(name, ()) if m.params is not None
                }
            if wanted and given not in wanted:
                yield f"{function.name} would call {name} with {given} arguments"


def unused_statics(file: CodeFile) -> Iterator[str]:
    """Yield the static functions whose name stands nowhere but in their own head."""
    for name, fs in file.functions.items():
        head = fs[0].entity.head()
        marked = b"inline" in head or b"__" in head.split(b"(")[0].replace(name.encode(), b"")
        if not head.lstrip().startswith(b"static") or marked:
            continue
        if _counts(file)[name.encode()] <= len(fs) + len(file.declarations(name)):
            yield name


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
