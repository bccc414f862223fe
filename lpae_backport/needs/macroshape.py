# SPDX-License-Identifier: GPL-2.0-only
"""What a function-like macro does with its arguments: names of fields, parts of names, text."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from lpae_backport.needs.meaning import MacroText

_MAX_DEPTH = 30
_KNOWN = {
    "offsetof": {1: ("type", 0)},
    "__builtin_offsetof": {1: ("type", 0)},
    "container_of": {2: ("type", 1)},
    "container_of_const": {2: ("type", 1)},
    "sizeof_field": {1: ("type", 0)},
    "FIELD_SIZEOF": {1: ("type", 0)},
}
_NULL = re.compile(r"\( ?\( ?(?:const )?(\w+) ?\* ?\) ?(?:0|NULL) ?\) ?-> ?(\w+)")
_TYPEOF = re.compile(r"(?:__)?typeof(?:__)? ?\( ?\*? ?\(* ?(\w+)")
Lookup = Callable[[str], MacroText | None]


@dataclass(frozen=True)
class Shape:
    """What becomes of the arguments of a macro, by their index.

    Attributes:
        fields: arguments that name a field; whether the owner is given as a ``type`` or by a
            ``pointer`` to it, and by which argument.
        pasted: arguments that are glued to other text: what goes before and behind.
        quoted: arguments that become a string.
        declared: arguments that are declared.
    """

    fields: dict[int, tuple[str, int]]
    pasted: dict[int, tuple[tuple[str, str], ...]]
    quoted: frozenset[int]
    declared: frozenset[int] = frozenset()


class Shapes:
    """The shapes of macros, each worked out once.

    Args:
        lookup: returns the macro of a name.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._known: dict[str, Shape | None] = {}

    def of(self, name: str, depth: int = 0) -> Shape | None:
        """Return the shape of a function-like macro; nothing where the name is none."""
        if name not in self._known:
            self._known[name] = None  # a macro that mentions itself
            self._known[name] = self._worked_out(name, depth)
        return self._known[name]

    def _worked_out(self, name: str, depth: int) -> Shape | None:
        macro = self._lookup(name)
        if macro is not None and macro.parameters is None and len(macro.tokens) == 1:
            return self.of(macro.tokens[0], depth + 1)  # another name of a macro
        if macro is None or macro.parameters is None:
            known = _KNOWN.get(name)
            return Shape(dict(known), {}, frozenset()) if known else None
        index = {
            p.removesuffix("...").strip() or "__VA_ARGS__": i
            for i, p in enumerate(macro.parameters)
        }
        text = " ".join(macro.tokens)
        fields = dict(_KNOWN.get(name, {})) or _direct(macro.tokens, text, index)
        pasted = _pasted(macro.tokens, index)
        quoted = {
            index[b]
            for a, b in zip(macro.tokens, macro.tokens[1:], strict=False)
            if a == "#" and b in index
        }
        if depth < _MAX_DEPTH:
            for callee, args in calls(macro.tokens):
                inner = self.of(callee, depth + 1)
                if inner is not None and callee != name:
                    _pass_on(inner, args, index, fields, pasted, quoted)
        declared = _declared(macro.tokens, index)
        return Shape(fields, pasted, frozenset(quoted), frozenset(declared))


def _pass_on(
    inner: Shape,
    args: list[tuple[str, ...]],
    index: dict[str, int],
    fields: dict[int, tuple[str, int]],
    pasted: dict[int, tuple[tuple[str, str], ...]],
    quoted: set[int],
) -> None:
    """Note what a macro that is called in another's body does with the other's arguments."""
    for i, arg in enumerate(args):
        if len(arg) != 1 or arg[0] not in index:
            continue
        mine = index[arg[0]]
        if arg[0] == "__VA_ARGS__":
            for j in (j for j in inner.pasted if j >= i):
                pasted[mine + j - i] = pasted.get(mine + j - i, ()) + inner.pasted[j]
            quoted |= {mine + j - i for j in inner.quoted if j >= i}
            continue
        if i in inner.quoted:
            quoted.add(mine)
        if i in inner.pasted:
            pasted[mine] = pasted.get(mine, ()) + inner.pasted[i]
        if i in inner.fields and mine not in fields:
            mode, owner = inner.fields[i]
            given = args[owner] if owner < len(args) else ()
            if len(given) == 1 and given[0] in index:
                fields[mine] = (mode, index[given[0]])
            elif (m := _TYPEOF.search(" ".join(given))) and m[1] in index:
                fields[mine] = ("pointer", index[m[1]])


def _direct(words: tuple[str, ...], text: str, index: dict[str, int]) -> dict[int, tuple[str, int]]:
    """Find parameters that stand behind ``->`` or ``.`` in the body."""
    found: dict[int, tuple[str, int]] = {}
    for m in _NULL.finditer(text):
        if m[1] in index and m[2] in index:
            found[index[m[2]]] = ("type", index[m[1]])
    for i, word in enumerate(words[:-1]):
        member = words[i + 1]
        if word not in ("->", ".") or member not in index or index[member] in found:
            continue
        if words[i + 2 : i + 3] == ("##",):
            continue
        owner = next((w for w in reversed(words[max(i - 3, 0) : i]) if w not in "()"), "")
        if owner in index:
            found[index[member]] = ("pointer", index[owner])
    return found


def _declared(words: tuple[str, ...], index: dict[str, int]) -> set[int]:
    """Find parameters that the body declares: a type goes before, and no operator behind."""
    found = set()
    for i, word in enumerate(words):
        if word not in index or i == 0:
            continue
        before, behind = words[i - 1], words[i + 1 : i + 2]
        is_type = before == "*" or (before.isidentifier() and before not in ("return", "goto"))
        if is_type and behind in ((), ("=",), (";",), ("[",)):
            found.add(index[word])
    return found


def _pasted(
    words: tuple[str, ...], index: dict[str, int]
) -> dict[int, tuple[tuple[str, str], ...]]:
    """Find parameters that are glued to other words by ``##``."""
    found: dict[int, tuple[tuple[str, str], ...]] = {}
    i = 0
    while i < len(words):
        if i + 1 >= len(words) or words[i + 1] != "##":
            i += 1
            continue
        chain = [words[i]]
        while i + 2 < len(words) and words[i + 1] == "##":
            chain.append(words[i + 2])
            i += 2
        i += 1
        ours = [c for c in chain if c in index]
        if len(ours) == 1:
            at = chain.index(ours[0])
            pair = ("".join(chain[:at]), "".join(chain[at + 1 :]))
            found[index[ours[0]]] = (*found.get(index[ours[0]], ()), pair)
    return found


def calls(words: tuple[str, ...]) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Return the calls in a sequence of tokens, each with the tokens of its arguments."""
    found = []
    for i, word in enumerate(words[:-1]):
        if words[i + 1] == "(" and (word[0].isalpha() or word[0] == "_"):
            found.append((word, _arguments(words, i + 2)))
    return found


def _arguments(words: tuple[str, ...], start: int) -> list[tuple[str, ...]]:
    args: list[list[str]] = [[]]
    depth = 0
    for word in words[start:]:
        if word in ("(", "[", "{"):
            depth += 1
        elif word in (")", "]", "}"):
            if depth == 0:
                break
            depth -= 1
        elif word == "," and depth == 0:
            args.append([])
            continue
        args[-1].append(word)
    return [tuple(a) for a in args]
