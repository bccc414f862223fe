# SPDX-License-Identifier: GPL-2.0-only
"""Makes text of the reference fit the target, by the adaptations the rules declare."""

import re
from collections.abc import Iterable

from lpae_backport.errors import RefusedError
from lpae_backport.location import Span
from lpae_backport.rewriting import (
    apply_changes,
    is_statement,
    line_start,
    sites,
)
from lpae_backport.rule import Adaptation
from lpae_backport.source import Source
from lpae_backport.symbols import CodeFile
from lpae_backport.syntax import Node
from lpae_backport.template import replaced
from lpae_backport.whitespace import fold, line_limit
from lpae_backport.workplace import Workplace

_HEAD = "static void copied(void)\n{\n"
_PASSES = 8


def piece(text: str) -> CodeFile:
    """Return a piece of a file as a file of its own, to be searched and changed."""
    return CodeFile(Source("(text of the reference)", text.encode("latin-1")))


def adapted(
    text: str, adaptations: Iterable[Adaptation], work: Workplace, *, require: bool = False
) -> str:
    """Return definitions of the reference as the target needs them.

    Args:
        text: one or more whole definitions.
        adaptations: what to change, in this order, where its probes hold in the target.
        work: the target, and where notes on what was changed go.
        require: each of them has to find something to change.

    Raises:
        RefusedError: one cannot be made, or was required and found nothing.
    """
    for a in adaptations:
        if not work.holds(a.probes):
            continue
        new = _without_parameter(text, a.parameter) if a.parameter else _patterned(text, a, work)
        if new == text and require:
            raise RefusedError(f"no {a.patterns[0].source} to adapt")
        if new != text and a.why:
            work.notes[a.why] = None
        text = new
    return text


def adapted_block(
    block: str, adaptations: Iterable[Adaptation], work: Workplace, *, require: bool = False
) -> str:
    """Return a run of statements as the target needs it; see `adapted`."""
    new = adapted(f"{_HEAD}{block.rstrip()}\n}}\n", adaptations, work, require=require)
    return new[len(_HEAD) :].rstrip().removesuffix("}").rstrip()


def _patterned(text: str, a: Adaptation, work: Workplace) -> str:
    """Apply one adaptation until nothing is left that it fits; inner matches come first."""
    for _ in range(_PASSES):
        file = piece(text)
        found = sites(file, (), a.patterns)
        inner = [s for s in found if not any(_within(o.node.span, s.node.span) for o in found)]
        if not inner:
            return text
        filler = work.template(file)
        changes = []
        for s in inner:
            if not a.template and not is_statement(s.pattern):
                raise RefusedError(f"{a.patterns[0].source} is no statement that could go")
            changes.append(replaced(file, s, a.template, filler))
        new = apply_changes(text, changes)
        if new == text:
            return text
        text = new
    raise RefusedError(f"adapting {a.patterns[0].source} comes to no end")


def _within(inner: Span, outer: Span) -> bool:
    return inner != outer and outer.contains(inner)


def _without_parameter(text: str, name: str) -> str:
    """Drop a parameter of the function defined here, or an entry of the object."""
    entry = re.search(rf"^[ \t]*\.{name}[ \t]*=[^\n]*,\n", text, re.MULTILINE)
    file = piece(text)
    if not file.functions:
        return text[: entry.start()] + text[entry.end() :] if entry else text
    for f in (f for fs in file.functions.values() for f in fs):
        for n in f.entity.node().walk():
            if n.kind == "compound_statement":
                break
            if n.kind == "parameter_list":
                kept = [p for p in n.kids if not _declares(p, name)]
                if len(kept) == len(n.kids):
                    return text
                params = [" ".join(text[p.start : p.end].split()) for p in kept]
                first = line_start(text, n.start)
                head = text[first : n.start] + "(" + ", ".join(params) + ")"
                return text[:first] + fold(head, line_limit(text)) + text[n.end :]
    return text


def _declares(parameter: Node, name: str) -> bool:
    names = [n.label for n in parameter.walk() if n.kind == "identifier"]
    return names[:1] == [name]
