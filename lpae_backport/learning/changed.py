# SPDX-License-Identifier: GPL-2.0-only
"""The functions, macros and objects that a patch changes, as goals for checks."""

from collections.abc import Iterator

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
    for name in after.functions.keys() & before.functions.keys():
        yield from _goals(pair, name, f"{name}()", _function(after, name), _function(before, name))
    for name in after.source.macros.keys() & before.source.macros.keys():
        yield from _goals(pair, name, f"macro {name}", _macro(after, name), _macro(before, name))
    for name in after.objects.keys() & before.objects.keys():
        if name not in after.functions:
            mine, theirs = _object(after, name), _object(before, name)
            yield from _goals(pair, name, f"object {name}", mine, theirs)


_Side = tuple[list[Span], list[Body] | None, CodeFile]


def _goals(pair: Pair, name: str, entity: str, after: _Side, before: _Side) -> Iterator[Goal]:
    if _text(after) == _text(before) or not after[0] or not before[0]:
        return
    sides = []
    for spans, bodies, file in (after, before):
        if bodies is None or any(file.source.problem_at(s) for s in spans):
            return
        sides.append(Reading(file, spans, bodies, name))
    if all(s.is_usable for s in sides):
        place = f"{pair.logical}:{name}"
        yield from CodeGoals(entity, place, pair.path, sides[0], sides[1]).goals()


def _text(side: _Side) -> list[bytes]:
    return [side[2].source.quiet[s.start : s.end] for s in side[0]]


def _function(file: CodeFile, name: str) -> _Side:
    found = file.functions[name]
    found = [f for f in found if not is_stub(f)] or found
    return [f.span for f in found], [b for f in found for b in f.bodies], file


def _macro(file: CodeFile, name: str) -> _Side:
    found = [m for m in file.source.macros[name] if m.params is not None]
    bodies = [file.macro_body(m) for m in found]
    read = [b for b in bodies if b is not None]
    return [m.span for m in found], read if len(read) == len(bodies) else None, file


def _object(file: CodeFile, name: str) -> _Side:
    nodes = file.object_nodes(name)
    return file.objects[name], [Body(n, ()) for n in nodes], file
