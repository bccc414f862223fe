# SPDX-License-Identifier: GPL-2.0-only
"""The functions, macros and objects that a patch changes, as goals for checks."""

from collections.abc import Callable, Iterator

from lpae_backport.learning.declared import Pair
from lpae_backport.learning.functions import CodeGoals
from lpae_backport.learning.lesson import Goal
from lpae_backport.learning.readings import Reading
from lpae_backport.location import Span
from lpae_backport.shapes import is_stub
from lpae_backport.symbols import Body, CodeFile


def code_goals(pair: Pair) -> Iterator[Goal]:
    """Yield goals about the code of what is on both sides and differs."""
    after, before = pair.after, pair.before
    for name in (n for n in after.functions if n in before.functions):
        spans = [[f.span for f in file.functions[name]] for file in (after, before)]
        yield from _goals(pair, name, f"{name}()", spans, _functions)
    for name in (n for n in after.source.macros if n in before.source.macros):
        spans = [[m.span for m in file.source.macros[name]] for file in (after, before)]
        yield from _goals(pair, name, f"macro {name}", spans, _macros)
    objects = (n for n in after.objects if n in before.objects and n not in after.functions)
    for name in objects:
        spans = [file.objects[name] for file in (after, before)]
        yield from _goals(pair, name, f"object {name}", spans, _objects)


_Bodies = list[tuple[Span, Body]]
_Read = Callable[[CodeFile, str], _Bodies | None]
"""From a file and a name to its readings, each with the definition's place, if it is code."""


def _goals(
    pair: Pair, name: str, entity: str, spans: list[list[Span]], read: _Read
) -> Iterator[Goal]:
    files = (pair.after, pair.before)
    texts = [
        [f.source.quiet[s.start : s.end] for s in found]
        for f, found in zip(files, spans, strict=True)
    ]
    if texts[0] == texts[1]:
        return
    sides = []
    for file, found in zip(files, spans, strict=True):
        if any(file.source.problem_at(s) for s in found):
            return
        bodies = read(file, name)
        if not bodies:
            return
        places = list(dict.fromkeys(s for s, _ in bodies))
        sides.append(Reading(file, places, [b for _, b in bodies], name))
    if all(s.is_usable for s in sides):
        place = f"{pair.logical}:{name}"
        yield from CodeGoals(entity, place, pair.path, sides[0], sides[1]).goals()


def _functions(file: CodeFile, name: str) -> _Bodies | None:
    found = file.functions[name]
    found = [f for f in found if not is_stub(f)] or found
    return [(f.span, b) for f in found for b in f.bodies]


def _macros(file: CodeFile, name: str) -> _Bodies | None:
    found = []
    for m in (m for m in file.source.macros[name] if m.params is not None):
        body = file.macro_body(m)
        if body is None:
            return None
        found.append((m.span, body))
    return found


def _objects(file: CodeFile, name: str) -> _Bodies | None:
    return [(n.span, Body(n, ())) for n in file.object_nodes(name)]
