# SPDX-License-Identifier: GPL-2.0-only
"""How one declaration differs from another of the same name, and whether uses still compile."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from lpae_backport.needs.ctype import CType, Parameter, plain
from lpae_backport.needs.meaning import MacroText

_MAX_TEXT = 60


@dataclass(frozen=True, slots=True)
class Alteration:
    """One difference.

    Attributes:
        how: what differs, the new tree first.
        compiles: whether code for the new tree is still accepted by a compiler.
    """

    how: str
    compiles: bool


Fit = Callable[[CType, CType], bool]
"""Whether a compiler takes a value of the first type for one of the second."""


def of_functions(new: CType, old: CType, fit: Fit) -> list[Alteration]:
    """Compare two function types: what they return, what they take, in which order.

    Args:
        new: in the new tree.
        old: in the old one.
        fit: tells what a compiler takes.
    """
    found: list[Alteration] = []
    if new.of is not None and old.of is not None and plain(new.of) != plain(old.of):
        found.append(
            Alteration(
                f"returns {new.of.spelled()}, in the old tree {old.of.spelled()}",
                _result_fits(new.of, old.of, fit),
            )
        )
    mine, theirs = list(new.parameters), list(old.parameters)
    if [plain(p.type) for p in mine] == [plain(p.type) for p in theirs]:
        swapped = _swapped(mine, theirs)
        if swapped:
            found.append(Alteration(swapped, compiles=True))
    else:
        found += _parameters(mine, theirs, fit)
    if new.is_variadic != old.is_variadic:
        word = "takes" if new.is_variadic else "does not take"
        found.append(Alteration(f"{word} further arguments (...)", compiles=old.is_variadic))
    return found


def _result_fits(new: CType, old: CType, fit: Fit) -> bool:
    if "void" in (new.name, old.name):
        return new.name == "void"
    return fit(old, new)


def fits(given: CType, wanted: CType) -> bool:
    """Tell whether a compiler takes a value of one type for another without an error."""
    if given == wanted or _without_const(given) == _without_const(wanted):
        return True
    if given.is_scalar and wanted.is_scalar:
        return True
    if given.kind == "pointer" and wanted.kind == "pointer":
        return "void" in (_pointed_name(given), _pointed_name(wanted))
    return False


def _pointed_name(t: CType) -> str:
    return t.of.name if t.of is not None and t.of.kind == "name" else ""


def _without_const(t: CType) -> CType:
    of = _without_const(t.of) if t.of is not None else None
    parameters = tuple(Parameter(p.name, _without_const(p.type)) for p in t.parameters)
    return CType(t.kind, t.name, of, parameters, t.is_variadic)


def _swapped(new: list[Parameter], old: list[Parameter]) -> str:
    """Tell of parameters of one type that changed places."""
    mine, theirs = [p.name for p in new], [p.name for p in old]
    if mine == theirs or sorted(mine) != sorted(theirs) or "" in mine:
        return ""
    return (
        f"parameters in another order: ({', '.join(mine)}), in the old tree ({', '.join(theirs)})"
    )


def _parameters(new: list[Parameter], old: list[Parameter], fit: Fit) -> Iterator[Alteration]:
    """Compare lists of parameters that differ in a type or in number."""
    mine, theirs = [p.type.spelled() for p in new], [p.type.spelled() for p in old]
    if sorted(mine) == sorted(theirs):
        text = f"parameters reordered: ({', '.join(mine)}), in the old tree ({', '.join(theirs)})"
        yield Alteration(text, compiles=False)
        return
    if len(mine) == len(theirs):
        for i, (a, b) in enumerate(zip(new, old, strict=True), 1):
            if plain(a.type) != plain(b.type):
                name = f" {a.name}" if a.name else ""
                text = (
                    f"parameter {i}{name} is {a.type.spelled()}, in the old tree {b.type.spelled()}"
                )
                yield Alteration(text, fit(a.type, b.type))
        return
    matcher = SequenceMatcher(None, mine, theirs, autojunk=False)
    added: list[str] = []
    gone: list[str] = []
    for op, start, end, first, last in matcher.get_opcodes():
        if op != "equal":
            added += [_spelled(p) for p in new[start:end]]
            gone += [_spelled(p) for p in old[first:last]]
    parts = []
    if added:
        parts.append(f"the old tree lacks {_list(added)}")
    if gone:
        parts.append(
            f"the old tree has {_list(gone)} more" if not added else f"and has {_list(gone)}"
        )
    count = f"{len(mine)} {'parameter' if len(mine) == 1 else 'parameters'}"
    yield Alteration(f"{count}, in the old tree {len(theirs)}: {' '.join(parts)}", compiles=False)


def _spelled(p: Parameter) -> str:
    return f"{p.type.spelled()} {p.name}".strip().replace("* ", "*")


def _list(words: list[str]) -> str:
    return ", ".join(f"'{w}'" for w in words)


def of_types(new: CType, old: CType, what: str, fit: Fit) -> list[Alteration]:
    """Compare the types of two fields, variables or typedefs.

    Args:
        new: the type in the new tree.
        old: in the old one.
        what: what is of that type, for the words.
        fit: tells what a compiler takes.
    """
    mine, theirs = new.signature, old.signature
    if mine is not None and theirs is not None:
        return [Alteration(f"{what}: {a.how}", a.compiles) for a in of_functions(mine, theirs, fit)]
    if plain(new) == plain(old) or (new.inner.kind == "body" and old.inner.kind == "body"):
        return []
    text = f"{what} is {new.spelled()}, in the old tree {old.spelled()}"
    return [Alteration(text, fit(new, old))]


def of_macros(
    new: MacroText, old: MacroText, values: tuple[int | None, int | None]
) -> list[Alteration]:
    """Compare two macros.

    Args:
        new: in the new tree.
        old: in the old one.
        values: what they are worth as constants, if they are.
    """
    if (new.parameters is None) != (old.parameters is None):
        a, b = ("an object-like macro", "a function-like one")
        text = f"{b if new.parameters is not None else a}, in the old tree "
        return [Alteration(text + (a if new.parameters is not None else b), compiles=False)]
    if new.parameters is not None and old.parameters is not None:
        return _of_calls(new.parameters, old.parameters)
    is_known = None not in values
    if values[0] == values[1] if is_known else new.tokens == old.tokens:
        return []
    if new.tokens == old.tokens:
        text = f"is {values[0]} by the names in it, in the old tree {values[1]}"
        return [Alteration(text, compiles=True)]
    if not _is_value(new) or not _is_value(old):
        return []  # an implementation, not a value
    return [Alteration(f"is {_short(new)}, in the old tree {_short(old)}", compiles=True)]


def _of_calls(new: tuple[str, ...], old: tuple[str, ...]) -> list[Alteration]:
    mine = [p.removesuffix("...") for p in new]
    theirs = [p.removesuffix("...") for p in old]
    if len(new) != len(old):
        variadic = any(p.endswith("...") for p in (*new, *old))
        text = f"macro of ({', '.join(new)}), in the old tree of ({', '.join(old)})"
        return [Alteration(text, compiles=variadic)]
    if mine != theirs and sorted(mine) == sorted(theirs):
        order = f"({', '.join(mine)}), in the old tree ({', '.join(theirs)})"
        text = f"arguments in another order: {order}"
        return [Alteration(text, compiles=True)]
    return []


def _is_value(macro: MacroText) -> bool:
    """Tell whether a macro stands for a value rather than for code, an attribute or nothing."""
    words = [w for w in macro.tokens if w[0].isalpha() or w[0] == "_"]
    if not macro.tokens or any(w[0] in "{;" for w in macro.tokens):
        return False
    calls = [
        a for a, b in zip(macro.tokens, macro.tokens[1:], strict=False) if b == "(" and a in words
    ]
    return not any(w.startswith("__attribute") for w in words) and all(c.isupper() for c in calls)


def _short(macro: MacroText) -> str:
    text = macro.text
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"
