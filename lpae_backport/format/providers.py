# SPDX-License-Identifier: GPL-2.0-only
"""What the formats of a closure say of providers in the same words."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from lpae_backport.format.escaping import printable
from lpae_backport.format.words import count
from lpae_backport.needs.provider import BACKPORT, Choice, Closure, Form, Provider

NAMES = 6
"""Names that are shown of one provider where not all are asked for."""
USERS = 2
"""Providers that are shown of those that need one where not all are asked for."""
FILES = 3
"""Files that are shown of one provider where not all are asked for."""
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def plain(text: str) -> str:
    """Return `text` on one line as any document can hold it: XML, HTML, a Graphviz file.

    What is not to be seen, and what XML or UTF-8 does not allow, is shown by its number.
    """
    return "".join(_shown(c) for c in printable(text))


def _shown(c: str) -> str:
    hidden = unicodedata.category(c) in _UNSEEN or c in "\ufffe\uffff"
    return f"\\x{ord(c):02x}" if hidden else c


def some(items: Sequence[str], most: int, detail: int) -> str:
    """Return items in one line: `most` of them, or all where details are asked for."""
    shown = items if detail or len(items) <= most + 1 else items[:most]
    more = len(items) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def numbers(closure: Closure) -> dict[str, int]:
    """Return which number each provider has in the order to bring them in, from 1."""
    order: dict[str, int] = {}
    for i, p in enumerate(closure.providers, 1):
        order.setdefault(p.name, i)
    return order


def size(p: Provider) -> str:
    """Return how much a provider is."""
    missing = " missing" if p.form is Form.GROWN else ""
    return f"{count(len(p.files), 'file')}, {count(p.lines, 'line')}{missing}"


def gain(p: Provider) -> str:
    """Return what a provider gives the code itself."""
    return f"satisfies {count(p.satisfies, 'use')}" if p.satisfies else "no direct use"


def spare(p: Provider, detail: int = 0) -> str:
    """Return what a provider is needed for only if that is brought whole; else nothing."""
    if not p.only_for:
        return ""
    users = some(p.only_for, USERS, detail)
    return f"only if {users if len(p.only_for) == 1 else f'one of {users}'} is brought whole"


def standing(p: Provider, detail: int = 0) -> str:
    """Return what a provider is for: what it gives the code, and others."""
    return "; ".join(t for t in (gain(p), spare(p, detail)) if t)


def wants(p: Provider) -> str:
    """Return what a provider itself lacks in the old tree."""
    if not p.is_followed:
        return "not looked at"
    return f"{count(p.lacks, 'name')} that the old tree lacks" if p.lacks else "nothing more"


def after(p: Provider, number: int, order: dict[str, int]) -> str:
    """Return what has to be there before a provider, with numbers, and where that cannot be."""
    found = []
    for name in p.after:
        at = order.get(name)
        if at is None:
            found.append(f"{name} (not in this list)")
        else:
            found.append(f"{name} ({at})" if at < number else f"{name} ({at}, a cycle)")
    if not found:
        return "nothing" if p.is_followed else "nothing known"
    said = ", ".join(found)
    return said if p.way == BACKPORT else f"if it is brought whole: {said}"


def chosen(p: Provider) -> list[str]:
    """Return the choices of a provider, each in one line, the suggested one first."""
    word = "suggested then" if p.only_for else "suggested"
    return [_choice(c, word if i == 0 else "") for i, c in enumerate(p.choices)]


def _choice(c: Choice, word: str) -> str:
    parts = [count(c.lines, "line")] if c.lines else []
    places = count(c.places, "place")
    parts += [f"{places} of the code"] if c.places and places not in c.cost else []
    much = f" ({', '.join(parts)})" if parts else ""
    return f"{c.way}{word and f', {word}'}: {c.cost}{much}"


@dataclass(frozen=True, slots=True)
class Sum:
    """How much is to be done where it goes as suggested.

    Attributes:
        providers: how many are to be brought.
        files: how many files those have.
        lines: how many lines they have; of grown ones, those that are missing.
        shims: how many are to be written anew.
        shim_lines: about how many lines that is.
        adapted: how many are done without.
        places: how many places of the code that changes.
        spare: how many are needed only if what needs them were brought whole.
        uses: how many uses in the code all of them satisfy.
    """

    providers: int
    files: int
    lines: int
    shims: int
    shim_lines: int
    adapted: int
    places: int
    spare: int
    uses: int


def sum_of(closure: Closure) -> Sum:
    """Return how much is to be done where it goes as suggested."""
    found = [p for p in closure.providers if not p.only_for]
    brought = [p for p in found if p.way == BACKPORT]
    shims = [p.choices[0].lines for p in found if p.way == "shim"]
    adapted = [p.choices[0].places for p in found if p.way == "adapt"]
    return Sum(
        len(brought),
        len({f for p in brought for f in p.files}),
        sum(p.lines for p in brought),
        len(shims),
        sum(shims),
        len(adapted),
        sum(adapted),
        len(closure.providers) - len(found),
        sum(p.satisfies for p in found),
    )


def headline(closure: Closure) -> str:
    """Return how much there is to do, in one line; what may not be needed is not in the sum."""
    if not closure.providers:
        return "No provider: nothing is missing that a file of the new tree could bring"
    s = sum_of(closure)
    bring = " to bring" if s.providers < len(closure.providers) else ""
    said = [f"{count(s.providers, 'provider')}{bring}"]
    said[0] += f", {count(s.files, 'file')}, {count(s.lines, 'line')}"
    said += [f"{s.shims} to shim, {count(s.shim_lines, 'line')}"] if s.shims else []
    said += [f"{s.adapted} to adapt to, {count(s.places, 'place')}"] if s.adapted else []
    said.append(f"together they satisfy {count(s.uses, 'use')} in the code")
    said += [f"{s.spare} more only if one of these is brought whole"] if s.spare else []
    return "; ".join(said)


def notes(closure: Closure) -> list[tuple[str, list[str]]]:
    """Return what a list of providers does not settle: headings with what stands below each."""
    found = []
    if closure.cycles:
        head = "Need each other; bring each ring in together, or break it with a shim"
        found.append((head, [", ".join(c) for c in closure.cycles]))
    if closure.left:
        found.append(
            ("No file was found for these, so that nothing above brings them", [*closure.left])
        )
    cut = [*closure.cut]
    unseen = [p.name for p in closure.providers if not p.is_followed]
    if unseen and not cut:
        cut.append(f"what these need themselves was not looked at: {', '.join(unseen)}")
    if cut:
        found.append(("Not everything was followed, so that more may be needed", cut))
    return found
