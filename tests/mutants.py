# SPDX-License-Identifier: GPL-2.0-only
"""Undoes a finished mali-lpae backport one thing at a time, in any tree that has it.

Every edit finds its place by names and by structure (which function, which ``if`` around which
call), never by line or spelling, so that one generator serves the fixtures, Linux 6.1 and a
vendor's tree. Where a tree has no such place, the edit is left out, and `left_out` says so.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FILES = {
    "pgtable": ("drivers/iommu/io-pgtable-arm.c",),
    "v7s": ("drivers/iommu/io-pgtable-arm-v7s.c",),
    "core": ("drivers/iommu/io-pgtable.c",),
    "header": ("include/linux/io-pgtable.h",),
    "kconfig": ("drivers/iommu/Kconfig",),
    "msm": ("drivers/iommu/msm_iommu.c",),
    "smmu": ("drivers/iommu/arm/arm-smmu/arm-smmu.c", "drivers/iommu/arm-smmu.c"),
    "smmu-v3": ("drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c", "drivers/iommu/arm-smmu-v3.c"),
}
OLD_HEADER = "drivers/iommu/io-pgtable.h"

_QUIET = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
    r"|^[ \t]*#(?:[^\n\\]|\\\n|\\.)*",
    re.DOTALL | re.MULTILINE,
)
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_WORD = re.compile(r"[A-Za-z_]\w*")
_WALK = r"\bcoherent_walk\b"
_SYNC = r"(?:__arm_lpae_sync_pte|dma_sync_single_for_device)\s*\("


class AbsentError(Exception):
    """The tree has no place for this edit."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A done tree with one file changed: no step of `steps` is done any more, all others are.

    Where `steps` is empty, the change says the same in other words. `before` is `None` where the
    done tree has no such file.
    """

    name: str
    file: str
    steps: frozenset[str]
    before: bytes | None
    after: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file."""

    start: int
    end: int

    def holds(self, at: int) -> bool:
        """Tell whether `at` lies within."""
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Stmt:
    """A statement; the last three parts are those of an ``if``."""

    kind: str
    part: Part
    condition: Part | None = None
    then: Part | None = None
    other: Part | None = None


class Code:
    """One file of C (or Kconfig) with just enough structure to be edited.

    Args:
        text: the file, decoded so that every byte is one character.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.quiet = _QUIET.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
        """The text with comments, strings and directives blanked."""

    def close(self, at: int) -> int:
        """Return the offset after the bracket that closes the one at `at`."""
        depth = 0
        for i in range(at, len(self.quiet)):
            c = self.quiet[i]
            depth += (c in _PAIRS) - (c in ")]}")
            if depth == 0:
                return i + 1
        raise AbsentError("bracket is never closed")

    def skip(self, at: int) -> int:
        """Return the offset of the first thing that is no blank."""
        while at < len(self.quiet) and self.quiet[at].isspace():
            at += 1
        return at

    def cut(self, part: Part) -> str:
        """Return the text of a part."""
        return self.text[part.start : part.end]

    def put(self, part: Part, new: str) -> str:
        """Return the whole text with a part replaced."""
        return self.text[: part.start] + new + self.text[part.end :]

    def insert(self, at: int, new: str) -> str:
        """Return the whole text with something inserted."""
        return self.text[:at] + new + self.text[at:]

    def body(self, name: str) -> Part:
        """Return the block, braces included, of the function called `name`."""
        for m in re.finditer(rf"\b{name}\s*\(", self.quiet):
            brace = self.skip(self.close(m.end() - 1))
            if self.quiet[brace : brace + 1] == "{":
                return Part(brace, self.close(brace))
        raise AbsentError(f"no function {name}")

    def head(self, name: str) -> int:
        """Return the offset where the definition of function `name` begins, comment included."""
        at = self.quiet.rfind(name, 0, self.body(name).start)
        return self.text.rfind("\n\n", 0, at) + 2

    def block(self, opening: str) -> Part:
        """Return the braces after the first match of a pattern (an enum, a struct, an object)."""
        m = re.search(opening + r"[^;{}()]*\{", self.quiet)
        if m is None:
            raise AbsentError(f"no {opening}")
        return Part(m.end() - 1, self.close(m.end() - 1))

    def find(self, pattern: str, within: Part | None = None, nth: int = 0) -> re.Match[str]:
        """Return the nth match of a pattern outside comments, strings and directives."""
        part = within or Part(0, len(self.quiet))
        found = list(re.compile(pattern).finditer(self.quiet, part.start, part.end))
        if len(found) <= nth:
            raise AbsentError(f"no {pattern}")
        return found[nth]

    def statements(self, name: str) -> list[Stmt]:
        """Return all statements of a function, at any depth."""
        found: list[Stmt] = []
        self._statement(self.body(name).start, found)
        return found

    def statement(self, name: str, pattern: str) -> Part:
        """Return the plain statement of function `name` in which a pattern first matches."""
        at = self.find(pattern, self.body(name)).start()
        holding = [s.part for s in self.statements(name) if s.kind == "plain" and s.part.holds(at)]
        if not holding:
            raise AbsentError(f"{pattern} stands in no plain statement")
        return min(holding, key=lambda p: p.end - p.start)

    def _statement(self, at: int, found: list[Stmt]) -> int:
        at = self.skip(at)
        if self.quiet[at] == "{":
            return self._block(at, found)
        m = _WORD.match(self.quiet, at)
        word = m[0] if m else ""
        after = self.skip(m.end()) if m else at
        if word == "if":
            return self._if(at, after, found)
        if word == "do":
            end = self.quiet.index(";", self._statement(after, found)) + 1
            found.append(Stmt("loop", Part(at, end)))
            return end
        if word == "default" or (word and self.quiet[after] == ":"):
            return after + 1
        if word == "case":
            return self.quiet.index(":", after) + 1
        if word and self.quiet[after] == "(" and self._is_loop(word, after):
            end = self._statement(self.close(after), found)
            found.append(Stmt("loop", Part(at, end)))
            return end
        return self._plain(at, found)

    def _is_loop(self, word: str, paren: int) -> bool:
        following = self.quiet[self.skip(self.close(paren))]
        return word in ("for", "while", "switch") or following == "{" or following.isalpha()

    def _block(self, at: int, found: list[Stmt]) -> int:
        inside = self.skip(at + 1)
        while self.quiet[inside] != "}":
            inside = self.skip(self._statement(inside, found))
        found.append(Stmt("block", Part(at, inside + 1)))
        return inside + 1

    def _if(self, at: int, paren: int, found: list[Stmt]) -> int:
        head = self.close(paren)
        start = self.skip(head)
        end = self._statement(start, found)
        then, other = Part(start, end), None
        m = re.compile(r"\s*else\b").match(self.quiet, end)
        if m:
            start = self.skip(m.end())
            end = self._statement(start, found)
            other = Part(start, end)
        found.append(Stmt("if", Part(at, end), Part(paren + 1, head - 1), then, other))
        return end

    def _plain(self, at: int, found: list[Stmt]) -> int:
        i = at
        while self.quiet[i] != ";":
            i = self.close(i) if self.quiet[i] in _PAIRS else i + 1
        found.append(Stmt("plain", Part(at, i + 1)))
        return i + 1


@dataclass(frozen=True)
class Guard:
    """An ``if`` with the statement it guards.

    Args:
        code: the file.
        function: the first of these that exists.
        needle: what the guarded statement names.
        about: what the condition names.
    """

    code: Code
    functions: tuple[str, ...]
    needle: str
    about: str

    @cached_property
    def function(self) -> str:
        """The function that has it."""
        for name in self.functions:
            try:
                self.code.find(self.needle, self.code.body(name))
            except AbsentError:
                continue
            return name
        raise AbsentError(f"no {self.needle} in {' or '.join(self.functions)}")

    @cached_property
    def inner(self) -> Part:
        """The guarded statement."""
        return self.code.statement(self.function, self.needle)

    @cached_property
    def whole(self) -> Stmt:
        """The ``if``."""
        found = [
            s
            for s in self.code.statements(self.function)
            if s.condition is not None
            and s.part.holds(self.inner.start)
            and re.search(self.about, self.code.cut(s.condition))
        ]
        if not found:
            raise AbsentError(f"{self.needle} in {self.function} is not under an if")
        return min(found, key=lambda s: s.part.end - s.part.start)

    @cached_property
    def exit(self) -> Stmt:
        """The early exit before the statement."""
        for s in self.code.statements(self.function):
            if s.condition is not None and s.then is not None and s.part.end <= self.inner.start:
                leaves = re.search(r"\breturn\b", self.code.cut(s.then))
                if leaves and re.search(self.about, self.code.cut(s.condition)):
                    return s
        raise AbsentError(f"no early exit in {self.function}")

    @property
    def condition(self) -> Part:
        """The condition's text."""
        assert self.whole.condition is not None
        return self.whole.condition

    @property
    def then(self) -> Part:
        """What runs where the condition holds."""
        assert self.whole.then is not None
        return self.whole.then

    @property
    def other(self) -> Part:
        """What runs where it does not."""
        if self.whole.other is None:
            raise AbsentError(f"no else in {self.function}")
        return self.whole.other

    def where(self, new: str) -> str:
        """Return the file with another condition; ``{}`` in `new` stands for the old one."""
        return self.code.put(self.condition, new.replace("{}", self.code.cut(self.condition)))

    def rather(self, new: str) -> str:
        """Return the file with another statement; ``{}`` in `new` stands for the old one."""
        return self.code.put(self.inner, new.replace("{}", self.code.cut(self.inner)))

    def instead(self, new: str) -> str:
        """Return the file with another ``if``: ``{c}``, ``{s}`` and ``{e}`` are its parts."""
        old = self.code.cut
        new = new.replace("{c}", old(self.condition)).replace("{s}", old(self.then))
        if "{e}" in new:
            new = new.replace("{e}", old(self.other))
        elif self.whole.other is not None:
            raise AbsentError("has an else")
        return self.code.put(self.whole.part, new)


Edit = Callable[[Code], str]
GuardEdit = Callable[[Guard], str]


@dataclass(frozen=True, slots=True)
class Change:
    """An edit, the file it is made in and the steps it undoes (none: it changes nothing)."""

    name: str
    file: str
    steps: tuple[str, ...]
    edit: Edit


# Ways to break a guard


def _return(g: Guard) -> str:
    at = g.code.quiet.rfind(g.function, 0, g.code.body(g.function).start)
    line = g.code.quiet[g.code.quiet.rfind("\n", 0, at) + 1 : at]
    return "return;" if re.search(r"\bvoid\s*$", line) else "return 0;"


def _without_else(g: Guard) -> None:
    if g.whole.other is not None:
        raise AbsentError("has an else")


def _stray_semicolon(g: Guard) -> str:
    _without_else(g)
    return g.code.insert(g.then.start, ";\n")


def _to_else(g: Guard) -> str:
    _without_else(g)
    return g.instead("if ({c})\n;\nelse {s}")


def _other_field(g: Guard) -> str:
    text, n = re.subn(_WALK, "pgsize_bitmap", g.code.cut(g.condition))
    if not n:
        raise AbsentError("not about coherent_walk")
    return g.code.put(g.condition, text)


def _as_string(g: Guard) -> str:
    return g.rather('pr_debug("' + " ".join(g.code.cut(g.inner).split()) + '");')


def _exchanged(g: Guard) -> str:
    return g.instead("if ({c}) {e} else {s}")


def _joined(g: Guard, old: str, new: str) -> str:
    """Replace the topmost operator of the condition."""
    left, right = _operands(g.code, g.condition, old)
    return g.code.put(g.condition, f"{left} {new} {right}")


def _operands(code: Code, part: Part, operator: str) -> tuple[str, str]:
    i = part.start
    while i < part.end:
        if code.quiet.startswith(operator, i):
            end = i + len(operator)
            return code.text[part.start : i].strip(), code.text[end : part.end].strip()
        i = code.close(i) if code.quiet[i] in _PAIRS else i + 1
    raise AbsentError(f"no {operator} in the condition")


def _walk(g: Guard) -> tuple[Part, str]:
    m = g.code.find(r"\b(\w+)->coherent_walk\b", g.condition)
    return Part(m.start(), m.end()), m[1]


def _spelled(g: Guard, new: str) -> str:
    """Write the field in the condition another way; ``{}`` stands for the struct's name."""
    part, cfg = _walk(g)
    return g.code.put(part, new.replace("{}", cfg))


def _function(body: str, call: str = "pgtable_snoops({})") -> GuardEdit:
    """Ask a local function instead of the field."""

    def edit(g: Guard) -> str:
        text, at = _spelled(g, call), g.code.head(g.function)
        head = "static inline bool pgtable_snoops(struct io_pgtable_cfg *config)"
        return f"{text[:at]}{head}\n{{\n\t{body}\n}}\n\n{text[at:]}"

    return edit


def _wrapped(inside: str, outside: str) -> GuardEdit:
    """Move the guarded call into a function of its own, which `outside` calls."""

    def edit(g: Guard) -> str:
        _without_else(g)
        if "{c}" not in outside and "&&" in g.code.cut(g.condition):
            raise AbsentError("the condition is not all about coherent_walk")
        call = g.code.cut(g.inner)
        if "goto" in g.code.cut(g.then) or not re.fullmatch(r"\w+\s*\([^=]*;", call):
            raise AbsentError("not a call alone")
        text = g.instead(outside.replace("{}", "pgtable_tell(cfg, data);"))
        at = g.code.head(g.function)
        head = "static void pgtable_tell(struct io_pgtable_cfg *cfg, void *data)"
        body = inside.replace("{}", call)
        return f"{text[:at]}{head}\n{{\n\t{body}\n}}\n\n{text[at:]}"

    return edit


def _twice(g: Guard) -> str:
    """Say it once more, outside the guard."""
    if g.code.quiet[: g.whole.part.start].rstrip().endswith("else"):
        raise AbsentError("an else if")
    return g.code.insert(g.whole.part.end, "\n" + g.code.cut(g.inner))


BROKEN: dict[str, GuardEdit] = {
    "dropped": lambda g: (
        g.code.put(Part(g.whole.part.start, g.then.start), "")
        if g.whole.other is None
        else g.instead("{ {s} {e} }")
    ),
    "always": lambda g: g.where("true"),
    "inverted": lambda g: g.where("!({})"),
    "never": lambda g: g.where("0 && ({})"),
    "never-computed": lambda g: g.where("1 == 2 && ({})"),
    "weakened": lambda g: g.where("({}) || selftest_running"),
    "contradicted": lambda g: g.where("({}) && !({})"),
    "unrelated": lambda g: g.where("!selftest_running"),
    "unrelated-field": _other_field,
    "if-0": lambda g: g.rather("{\n#if 0\n{}\n#endif\n}"),
    "comment": lambda g: g.rather("{ /* {} */ }"),
    "line-comment": lambda g: g.code.put(
        g.inner, "{\n// " + " ".join(g.code.cut(g.inner).split()) + "\n}"
    ),
    "string": _as_string,
    "deleted": lambda g: g.rather(";"),
    "after-return": lambda g: g.rather("{ " + _return(g) + " {} }"),
    "after-goto": lambda g: g.rather("{ goto over; {} over:; }"),
    "loop-never": lambda g: g.rather("while (0) {}"),
    "stray-semicolon": _stray_semicolon,
    "to-else": _to_else,
    "exchanged": _exchanged,
    "both-branches": lambda g: g.instead("if ({c}) {s} else {s}"),
    "twice": _twice,
    "head-under-ifdef": lambda g: g.instead("\n#ifdef CONFIG_FOO\nif ({c})\n#endif\n{s}"),
    "comma": lambda g: g.where("{}, 1"),
    "or-one": lambda g: g.where("({}) | 1"),
    "local-reset": lambda g: g.instead("{ bool w = {c}; w = true; if (w) {s} }"),
    "local-inverted": lambda g: g.instead("{ bool w = {c}; if (!w) {s} }"),
    "switch-inverted": lambda g: g.instead("switch (!!({c})) { case 0: {s} }"),
    "switch-through": lambda g: g.instead("switch (!!({c})) { case 0: ; case 1: {s} }"),
    "function-inverted": _function("return !config->coherent_walk;"),
    "function-true": _function("return true;"),
    "function-other": _function("return config->quirks;"),
    "longer-field": lambda g: _spelled(g, "{}->coherent_walks"),
    "not-a-field": lambda g: _spelled(g, "coherent_walk"),
    "wrapper-bare": _wrapped("{}", "{}"),
    "wrapper-inverted": _wrapped("if (cfg->coherent_walk)\n{}", "{}"),
    "before": lambda g: g.code.put(
        Part(g.whole.part.start, g.inner.end),
        g.code.cut(g.inner) + g.code.text[g.whole.part.start : g.inner.start] + ";",
    ),
}


# Ways to say the same


def _plain_negation(g: Guard) -> str:
    m = re.fullmatch(r"\s*!\s*([\w>.-]+)\s*", g.code.cut(g.condition))
    if m is None:
        raise AbsentError("no plain negation")
    return m[1]


def _compared(form: str) -> GuardEdit:
    return lambda g: g.code.put(g.condition, form.replace("{}", _plain_negation(g)))


def _through_macro(g: Guard) -> str:
    part, cfg = _walk(g)
    text = g.code.put(part, f"PGTABLE_SNOOPS({cfg})")
    at = g.code.head(g.function)
    return text[:at] + "#define PGTABLE_SNOOPS(config) ((config)->coherent_walk)\n\n" + text[at:]


def _through_local(g: Guard) -> str:
    part, cfg = _walk(g)
    old = g.code.text
    condition = old[g.condition.start : part.start] + "snoops" + old[part.end : g.condition.end]
    tail = old[g.condition.end : g.whole.part.end]
    new = f"{{\nbool snoops = {cfg}->coherent_walk;\n\nif ({condition}{tail}\n}}"
    return g.code.put(g.whole.part, new)


def _nested(g: Guard) -> str:
    _without_else(g)
    left, right = _operands(g.code, g.condition, "&&")
    return g.instead(f"if ({left}) {{ if ({right}) {{s}} }}")


def _nested_with_else(g: Guard) -> str:
    left, right = _operands(g.code, g.condition, "&&")
    return g.instead(f"if ({left}) {{ if ({right}) {{s}} else {{e}} }} else {{e}}")


def _de_morgan(g: Guard) -> str:
    left, right = _operands(g.code, g.condition, "&&")
    return g.code.put(g.condition, f"!(!({left}) || !({right}))")


def _turned(g: Guard) -> str:
    left, right = _operands(g.code, g.condition, "&&")
    return g.code.put(g.condition, f"{right} && {left}")


def _turned_operands(g: Guard) -> str:
    text, n = re.subn(
        r"([\w>.-]+) (&|==|!=) ([A-Z]\w+)\b(?! [-+])", r"\3 \2 \1", g.code.cut(g.condition)
    )
    if not n:
        raise AbsentError("nothing to turn round")
    return g.code.put(g.condition, text)


def _early_return(g: Guard) -> str:
    _without_else(g)
    last = g.code.skip(g.whole.part.end) == g.code.body(g.function).end - 1
    if not last or _return(g) != "return;":
        raise AbsentError("not the last statement")
    return g.instead("if (!({c}))\nreturn;\n{s}")


def _spaced(code: Code, part: Part, space: str) -> str:
    """Replace all white space outside comments and strings."""
    out, at = [], part.start
    for m in _QUIET.finditer(code.text, part.start, part.end):
        out += [re.sub(r"\s+", space, code.text[at : m.start()]), m[0]]
        at = m.end()
    return code.put(part, "".join(out) + re.sub(r"\s+", space, code.text[at : part.end]))


def _reformatted(g: Guard) -> str:
    body = g.code.body(g.function)
    if re.search(r"^\s*#|//", g.code.cut(body), re.MULTILINE):
        raise AbsentError("has lines that must stay")
    return _spaced(g.code, body, "\n\t\t")


def _on_one_line(g: Guard) -> str:
    body = g.code.body(g.function)
    if re.search(r"^\s*#|//", g.code.cut(body), re.MULTILINE):
        raise AbsentError("has lines that must stay")
    return _spaced(g.code, body, " ")


SAME: dict[str, GuardEdit] = {
    "parentheses": lambda g: g.where("(({}))"),
    "twice-negated": lambda g: g.where("!!({})"),
    "negated-negation": lambda g: g.where("!(!({}))"),
    "not-zero": lambda g: g.where("({}) != 0"),
    "is-false": _compared("{} == false"),
    "false-is": _compared("false == {}"),
    "is-not-true": _compared("{} != true"),
    "is-zero": _compared("!!{} == 0"),
    "choice": lambda g: g.where("({}) ? true : false"),
    "unlikely": lambda g: g.where("unlikely({})"),
    "and-true": lambda g: g.where("({}) && 1"),
    "braces": lambda g: g.code.put(g.then, "{ " + g.code.cut(g.then) + " }"),
    "do-once": lambda g: g.rather("do { {} } while (0);"),
    "inverted-branches": lambda g: g.instead("if (!({c})) {e} else {s}"),
    "empty-then": lambda g: g.instead("if (!({c}))\n;\nelse {s}"),
    "nested": _nested,
    "nested-else": _nested_with_else,
    "nested-twice": lambda g: g.instead("if ({c}) { if ({c}) {s} }"),
    "de-morgan": _de_morgan,
    "turned": _turned,
    "turned-operands": _turned_operands,
    "local": _through_local,
    "local-condition": lambda g: g.instead("{ bool wanted = {c}; if (wanted) {s} }"),
    "local-assigned": lambda g: g.instead("{ bool wanted; wanted = {c}; if (wanted) {s} }"),
    "function": _function("return config->coherent_walk;"),
    "function-negated": _function("return !config->coherent_walk;", "!pgtable_snoops({})"),
    "function-branches": _function("if (config->coherent_walk)\nreturn true;\nreturn false;"),
    "wrapper": _wrapped("{}", "if ({c}) {}"),
    "wrapper-guard": _wrapped("if (!cfg->coherent_walk)\n{}", "{}"),
    "wrapper-exit": _wrapped("if (cfg->coherent_walk)\nreturn;\n{}", "{}"),
    "pointer": lambda g: _spelled(g, "(*{}).coherent_walk"),
    "read-once": lambda g: _spelled(g, "READ_ONCE({}->coherent_walk)"),
    "is-one": lambda g: _spelled(g, "({}->coherent_walk == 1)"),
    "do-break": lambda g: g.instead("do { if (!({c})) break; {s} } while (0);"),
    "while-once": lambda g: g.instead("while ({c}) { {s} break; }"),
    "continue": lambda g: g.instead(
        "{ int k; for (k = 0; k < 1; k++) { if (!({c})) continue; {s} } }"
    ),
    "switch": lambda g: g.instead("switch (!!({c})) { case 0: break; default: {s} }"),
    "switch-one": lambda g: g.instead("switch (!!({c})) { case 1: {s} }"),
    "flag-set": lambda g: g.instead("{ bool w = false; if ({c}) w = true; if (w) {s} }"),
    "macro": _through_macro,
    "early-return": _early_return,
    "early-goto": lambda g: g.instead("{ if (!({c})) goto over; {s} over:; }"),
    "comments": lambda g: g.where("/* why */ {} /* if (!coherent_walk) */"),
    "comment-before": lambda g: g.rather("/* not if (coherent_walk) return; */ {}"),
    "reformatted": _reformatted,
    "one-line": _on_one_line,
}


# Early exits


def _exit_where(new: str) -> GuardEdit:
    def edit(g: Guard) -> str:
        assert g.exit.condition is not None
        part = g.exit.condition
        return g.code.put(part, new.replace("{}", g.code.cut(part)))

    return edit


def _exit_joined(old: str, new: str) -> GuardEdit:
    """Build an edit from the two sides of the exit's condition."""

    def edit(g: Guard) -> str:
        assert g.exit.condition is not None
        left, right = _operands(g.code, g.exit.condition, old)
        return g.code.put(g.exit.condition, new.replace("{l}", left).replace("{r}", right))

    return edit


def _exit_instead(new: str) -> GuardEdit:
    def edit(g: Guard) -> str:
        assert g.exit.condition is not None and g.exit.then is not None
        text = new.replace("{c}", g.code.cut(g.exit.condition))
        return g.code.put(g.exit.part, text.replace("{s}", g.code.cut(g.exit.then)))

    return edit


def _exit_split(g: Guard) -> str:
    assert g.exit.condition is not None and g.exit.then is not None
    left, right = _operands(g.code, g.exit.condition, "||")
    leave = g.code.cut(g.exit.then)
    return g.code.put(g.exit.part, f"if ({left})\n{leave}\nif ({right})\n{leave}")


def _exit_late(g: Guard) -> str:
    """Sync first, ask later."""
    old = g.code.text
    between = old[g.exit.part.end : g.inner.start]
    new = between + g.code.cut(g.inner) + "\n" + g.code.cut(g.exit.part)
    return g.code.put(Part(g.exit.part.start, g.inner.end), new)


def _exit_as_if(g: Guard) -> str:
    """Put the rest of the function, but its last return, under the opposite condition."""
    assert g.exit.condition is not None
    old, body = g.code.text, g.code.body(g.function)
    last = max(m.start() for m in re.finditer(r"\breturn\b|\}$", old[body.start : body.end]))
    end = body.start + last
    rest = old[g.exit.part.end : end]
    new = f"if (!({g.code.cut(g.exit.condition)})) {{{rest}}}\n"
    return g.code.put(Part(g.exit.part.start, end), new)


EXIT_BROKEN: dict[str, GuardEdit] = {
    "dropped": _exit_instead(""),
    "inverted": _exit_where("!({})"),
    "always": _exit_where("true || ({})"),
    "never": _exit_where("0 && ({})"),
    "unrelated": _exit_where("selftest_running"),
    "and": _exit_joined("||", "{l} && {r}"),
    "only-left": _exit_joined("||", "{l}"),
    "only-right": _exit_joined("||", "{r}"),
    "left-inverted": _exit_joined("||", "!({l}) || {r}"),
    "right-inverted": _exit_joined("||", "{l} || !({r})"),
    "de-morgan-broken": _exit_joined("||", "!(!({l}) || !({r}))"),
    "if-0": _exit_instead("\n#if 0\nif ({c}) {s}\n#endif\n"),
    "comment": lambda g: g.code.put(g.exit.part, "/* if (coherent_walk) return; */"),
    "empty": _exit_instead("if ({c})\n;"),
    "late": _exit_late,
    "sync-deleted": lambda g: g.rather(";"),
    "sync-comment": lambda g: g.rather("/* {} */"),
    "sync-if-0": lambda g: g.rather("\n#if 0\n{}\n#endif\n"),
    "sync-after-return": lambda g: g.rather(_return(g) + " {}"),
}
EXIT_SAME: dict[str, GuardEdit] = {
    "parentheses": _exit_where("(({}))"),
    "de-morgan": _exit_joined("||", "!(!({l}) && !({r}))"),
    "split": _exit_split,
    "turned": _exit_joined("||", "{r} || {l}"),
    "not-zero": _exit_where("({}) != 0"),
    "is-true": _exit_where("!!({}) == true"),
    "braces": _exit_instead("if ({c}) { {s} }"),
    "else": _exit_instead("if (!({c}))\n;\nelse {s}"),
    "local": _exit_instead("{ bool done = {c}; if (done) {s} }"),
    "as-if": _exit_as_if,
    "comments": _exit_where("/* if (0) */ {} /* && */"),
    "reformatted": _reformatted,
    "one-line": _on_one_line,
    "unlikely": _exit_where("unlikely({})"),
}


# Where the guards stand


@dataclass(frozen=True, slots=True)
class Site:
    """A guard that a step demands, and the edits that are not for it."""

    label: str
    step: str
    file: str
    functions: tuple[str, ...]
    needle: str
    about: str = _WALK
    unless: frozenset[str] = frozenset()


_INIT_PTE = ("__arm_lpae_init_pte", "arm_lpae_init_pte")
_PROT = ("arm_lpae_prot_to_pte",)
_S1, _S2 = ("arm_64_lpae_alloc_pgtable_s1",), ("arm_64_lpae_alloc_pgtable_s2",)
_SEVERAL = frozenset(
    {"if-0", "comment", "line-comment", "string", "deleted", "after-return", "after-goto"}
    | {"loop-never", "do-once", "comment-before", "before"}
)
"""For a branch with more than one statement that the step asks for."""

SITES = (
    Site("alloc", "1.6.2a", "pgtable", ("__arm_lpae_alloc_pages",), r"\bdma_map_single\s*\("),
    Site("free", "1.6.2b", "pgtable", ("__arm_lpae_free_pages",), r"\bdma_unmap_single\s*\("),
    Site("clear", "1.6.2c", "pgtable", ("__arm_lpae_clear_pte",), _SYNC),
    Site("init", "1.6.2d", "pgtable", _INIT_PTE, _SYNC),
    Site("map", "1.6.2f", "pgtable", ("__arm_lpae_map",), _SYNC),
    Site("mali", "1.8", "pgtable", ("arm_mali_lpae_alloc_pgtable",), r"\w+_TTBR_SHARE_OUTER\b"),
    Site("af", "1.4", "pgtable", _PROT, r"\bARM_LPAE_PTE_AF\b", "ARM_MALI_LPAE"),
    Site("ns", "1.4", "pgtable", _PROT, r"\bARM_LPAE_PTE_NS\b", "QUIRK_ARM_NS"),
    Site("sh", "1.4", "pgtable", _PROT, r"\bARM_LPAE_PTE_SH_IS\b", "ARM_MALI_LPAE"),
    Site("page", "1.5", "pgtable", _INIT_PTE, r"\bARM_LPAE_PTE_TYPE_PAGE\b", "ARM_MALI_LPAE"),
    Site("tcr", "1.6.2h", "pgtable", _S1, r"\bARM_LPAE_TCR_RGN_WBWA\b", _WALK, _SEVERAL),
    Site("vtcr", "1.6.2i", "pgtable", _S2, r"\bARM_LPAE_TCR_RGN_WBWA\b", _WALK, _SEVERAL),
    Site("v7s-alloc", "2.2a", "v7s", ("__arm_v7s_alloc_table",), r"\bdma_map_single\s*\("),
    Site("v7s-free", "2.2b", "v7s", ("__arm_v7s_free_table",), r"\bdma_unmap_single\s*\("),
)
EXITS = (
    Site("install", "1.6.2e", "pgtable", ("arm_lpae_install_table",), _SYNC),
    Site("v7s-sync", "2.2c", "v7s", ("__arm_v7s_pte_sync",), r"\bdma_sync_single\w+\s*\("),
)


def _at_site(site: Site, edit: GuardEdit) -> Edit:
    return lambda code: edit(Guard(code, site.functions, site.needle, site.about))


def _guard_changes() -> Iterator[Change]:
    pairs = ((SITES, BROKEN, SAME), (EXITS, EXIT_BROKEN, EXIT_SAME))
    for sites, broken, same in pairs:
        for s in sites:
            for how, edit in broken.items():
                if how not in s.unless:
                    yield Change(f"{s.label}-{how}", s.file, (s.step,), _at_site(s, edit))
            for how, edit in same.items():
                if how not in s.unless:
                    yield Change(f"same-{s.label}-{how}", s.file, (), _at_site(s, edit))


# Single edits


def _sub(pattern: str, new: str, opening: str | None = None, nth: int = 0) -> Edit:
    """Replace one match, in the braces after `opening` if that is given."""

    def edit(code: Code) -> str:
        m = code.find(pattern, code.block(opening) if opening else None, nth)
        return code.put(Part(m.start(), m.end()), m.expand(new))

    return edit


def _sub_in(functions: str, pattern: str, new: str, nth: int = 0) -> Edit:
    """Replace one match in the first of the functions that has it."""

    def edit(code: Code) -> str:
        for name in functions.split("|"):
            try:
                m = code.find(pattern, code.body(name), nth)
            except AbsentError:
                continue
            return code.put(Part(m.start(), m.end()), m.expand(new))
        raise AbsentError(f"no {pattern} in {functions}")

    return edit


def _all_in(function: str, pattern: str, new: str) -> Edit:
    """Replace every match in a function."""

    def edit(code: Code) -> str:
        body = code.body(function)
        code.find(pattern, body)
        return code.put(body, re.sub(pattern, new, code.cut(body)))

    return edit


def _raw(pattern: str, new: str) -> Edit:
    """Replace one match in the text as it stands, for directives and Kconfig."""

    def edit(code: Code) -> str:
        text, n = re.subn(pattern, new, code.text, count=1, flags=re.MULTILINE)
        if not n:
            raise AbsentError(f"no {pattern}")
        return text

    return edit


def _append_to(function: str, statement: str) -> Edit:
    """Add a statement before the last return of a function, or at its end."""

    def edit(code: Code) -> str:
        body = code.body(function)
        plain = [s.part.start for s in code.statements(function) if s.kind == "plain"]
        returns = [p for p in plain if code.text.startswith("return", p)]
        at = returns[-1] if returns else body.end - 1
        return code.insert(at, statement + "\n\t")

    return edit


def _statement(function: str, pattern: str, new: str) -> Edit:
    """Replace the statement in which a pattern matches; ``{}`` stands for the old one."""

    def edit(code: Code) -> str:
        part = code.statement(function, pattern)
        return code.put(part, new.replace("{}", code.cut(part)))

    return edit


def _define(name: str) -> str:
    return rf"^([ \t]*#[ \t]*define[ \t]+){name}\b((?:[^\n\\]|\\\n)*)"


def _macro_changes() -> Iterator[Change]:
    values = {
        "TTBR_ADRMODE_TABLE": "(1u << 0)",
        "TTBR_READ_INNER": "BIT(3)",
        "TTBR_SHARE_OUTER": "BIT(5)",
        "MEMATTR_IMP_DEF": "0x48ULL",
        "MEMATTR_WRITE_ALLOC": "0x8FULL",
    }
    for short, wrong in values.items():
        name = f"ARM_MALI_LPAE_{short}"
        word = short.lower()
        yield Change(
            f"{word}-value", "pgtable", ("1.2",), _raw(_define(name), rf"\g<1>{name} {wrong}")
        )
        yield Change(f"{word}-gone", "pgtable", ("1.2",), _raw(_define(name), ""))
        yield Change(
            f"{word}-renamed", "pgtable", ("1.2",), _raw(_define(name), rf"\g<1>X_{name}\2")
        )
    name = "ARM_MALI_LPAE_TTBR_READ_INNER"
    yield Change(
        "read-inner-if-0", "pgtable", ("1.2",), _raw(_define(name), "#if 0\n\\g<0>\n#endif")
    )
    yield Change("read-inner-comment", "pgtable", ("1.2",), _raw(_define(name), "/* \\g<0> */"))
    for word, form in (("hex", "0x4"), ("shift", "(1 << 2)"), ("ull", "4ULL")):
        yield Change(
            f"same-read-inner-{word}", "pgtable", (), _raw(_define(name), rf"\g<1>{name} {form}")
        )
    sync = "ARM_LPAE_PTE_SW_SYNC"
    for word, new in (
        ("value", rf"\g<1>{sync} (1ULL << 54)"),
        ("gone", ""),
        ("renamed", rf"\g<1>X_{sync}\2"),
        ("undefined", rf"\g<0>\n#undef {sync}"),
    ):
        yield Change(f"sw-sync-{word}", "pgtable", ("1.6.2e",), _raw(_define(sync), new))
    for word, form in (
        ("shift", "(1ULL << 55)"),
        ("bit", "BIT_ULL(55)"),
        ("u64", "((u64)1 << 55)"),
    ):
        yield Change(
            f"same-sw-sync-{word}", "pgtable", (), _raw(_define(sync), rf"\g<1>{sync} {form}")
        )


_BLOCK = _define("ARM_LPAE_BLOCK_SIZE")


def _width(new: str) -> Edit:
    def edit(code: Code) -> str:
        m = re.search(_BLOCK, code.text, re.MULTILINE)
        if m is None or "1ULL" not in m[0]:
            raise AbsentError("no 1ULL in ARM_LPAE_BLOCK_SIZE")
        return code.put(Part(m.start(), m.end()), m[0].replace("1ULL", new))

    return edit


def _leaf_calls() -> Iterator[Change]:
    """Take the third argument from one call of iopte_leaf after the other, or replace it."""
    for nth in range(4):
        other = _leaf_with(nth, ", ARM_64_LPAE_S1")
        yield Change(f"leaf-call-{nth}", "pgtable", ("1.3",), _leaf_with(nth, ""))
        yield Change(f"leaf-call-{nth}-constant", "pgtable", ("1.3",), other)


def _leaf_with(nth: int, third: str) -> Edit:
    def edit(code: Code) -> str:
        after = code.body("iopte_leaf").end
        m = code.find(r"\biopte_leaf\s*\(", Part(after, len(code.text)), nth)
        inside = Part(m.end(), code.close(m.end() - 1) - 1)
        return code.put(inside, code.cut(inside).rpartition(",")[0] + third)

    return edit


def _enumerator_after(code: Code) -> str:
    enum = code.block(r"\benum\s+io_pgtable_fmt\b")
    m = code.find(r"\bARM_MALI_LPAE\s*,", enum)
    end = code.find(r"\bIO_PGTABLE_NUM_FMTS\b,?", enum)
    text = code.text
    middle = text[m.end() : end.start()]
    return (
        text[: m.start()] + middle + "IO_PGTABLE_NUM_FMTS,\n\tARM_MALI_LPAE,\n" + text[end.end() :]
    )


_ENUM = r"\benum\s+io_pgtable_fmt\b"
_CFG = r"\bstruct\s+io_pgtable_cfg\b"
_FIELD = r"\bbool\s+coherent_walk\s*;"
_TABLE = r"\bio_pgtable_init_table\b"
_ENTRY = r"\[ARM_MALI_LPAE\]\s*=\s*&\w+\s*,"
_FNS = r"\bio_pgtable_arm_mali_lpae_init_fns\s*="
_MALI = r"io_pgtable_arm_mali_lpae_init_fns"
_EXTERN = rf"\bextern\b[^;]*\b{_MALI}\s*;"


def _header_changes() -> Iterator[Change]:
    for word, steps, edit in (
        ("fmt-renamed", "1.1", _sub(r"\bARM_MALI_LPAE\b", "ARM_MALI_MIDGARD", _ENUM)),
        ("fmt-gone", "1.1", _sub(r"\bARM_MALI_LPAE\s*,", "", _ENUM)),
        ("fmt-after-count", "1.1", _enumerator_after),
        ("fmt-comment", "1.1", _sub(r"\bARM_MALI_LPAE\s*,", "// ARM_MALI_LPAE,\n", _ENUM)),
        (
            "fmt-if-0",
            "1.1",
            _sub(r"\bARM_MALI_LPAE\s*,", "\n#if 0\nARM_MALI_LPAE,\n#endif\n", _ENUM),
        ),
        ("fmt-other-enum", "1.1", _sub(_ENUM, "enum io_pgtable_format")),
        ("walk-renamed", "1.6.1", _sub(_FIELD, "bool coherent_walks;", _CFG)),
        ("walk-gone", "1.6.1", _sub(_FIELD, "", _CFG)),
        ("walk-comment", "1.6.1", _sub(_FIELD, "/* bool coherent_walk; */", _CFG)),
        ("walk-if-0", "1.6.1", _sub(_FIELD, "\n#if 0\nbool coherent_walk;\n#endif\n", _CFG)),
        ("walk-nested", "1.6.1", _sub(_FIELD, "struct { bool coherent_walk; } caps;", _CFG)),
        ("transtab-renamed", "1.7", _sub(r"\btranstab\b", "ttbr", _CFG)),
        ("transtab-gone", "1.7", _sub(r"\bu64\s+transtab\s*;", "", _CFG)),
        ("memattr-renamed", "1.7", _sub(r"\bmemattr\b", "mair", _CFG)),
        ("memattr-gone", "1.7", _sub(r"\bu64\s+memattr\s*;", "", _CFG)),
        ("mali-cfg-renamed", "1.7", _sub(r"\barm_mali_lpae_cfg\b", "arm_mali_cfg", _CFG)),
        ("extern-gone", "1.9", _sub(_EXTERN, "")),
        ("extern-comment", "1.9", _sub(_EXTERN, r"/* \g<0> */")),
        ("extern-of-v7s", "1.9", _sub(rf"\b{_MALI}\b", "io_pgtable_arm_v7s_init_fns")),
    ):
        yield Change(word, "header", (steps,), edit)
    for word, edit in (
        ("walk-bitfield", _sub(_FIELD, "bool coherent_walk:1;", _CFG)),
        ("walk-among-others", _sub(_FIELD, "bool other, coherent_walk;", _CFG)),
        ("extern-not-written", _sub(_EXTERN, rf"struct io_pgtable_init_fns {_MALI};")),
    ):
        yield Change(f"same-{word}", "header", (), edit)


def _table_changes() -> Iterator[Change]:
    for word, edit in (
        ("entry-gone", _sub(_ENTRY, "", _TABLE)),
        (
            "entry-other-fns",
            _sub(_ENTRY, "[ARM_MALI_LPAE] = &io_pgtable_arm_64_lpae_s2_init_fns,", _TABLE),
        ),
        ("entry-null", _sub(_ENTRY, "[ARM_MALI_LPAE] = NULL,", _TABLE)),
        ("entry-other-index", _sub(r"\[ARM_MALI_LPAE\]", "[ARM_MALI_LPAE + 1]", _TABLE)),
        ("entry-comment", _sub(_ENTRY, r"/* \g<0> */", _TABLE)),
        ("entry-if-0", _sub(_ENTRY, "\n#if 0\n\\g<0>\n#endif\n", _TABLE)),
        (
            "entry-in-range",
            _sub(_ENTRY, r"\g<0> [ARM_64_LPAE_S1 ... ARM_MALI_LPAE] = NULL,", _TABLE),
        ),
        ("entry-overridden", _sub(_ENTRY, r"\g<0> [ARM_MALI_LPAE] = NULL,", _TABLE)),
    ):
        yield Change(word, "core", ("1.9",), edit)
    for word, edit in (
        (
            "alloc-other",
            _sub(r"\barm_mali_lpae_alloc_pgtable\b", "arm_64_lpae_alloc_pgtable_s2", _FNS),
        ),
        ("alloc-gone", _sub(r"\.alloc\s*=\s*\w+,?", "", _FNS)),
        ("free-gone", _sub(r"\.free\s*=\s*\w+,?", "", _FNS)),
        ("free-other", _sub(r"\barm_lpae_free_pgtable\b", "arm_mali_free_pgtable", _FNS)),
        ("fns-renamed", _sub(_FNS, "io_pgtable_mali_init_fns =")),
    ):
        yield Change(f"fns-{word}", "pgtable", ("1.9",), edit)
    yield Change(
        "same-entry-parentheses",
        "core",
        (),
        _sub(_ENTRY, f"[(ARM_MALI_LPAE)] = (&{_MALI}),", _TABLE),
    )
    yield Change("same-fns-no-and", "pgtable", (), _sub(r"(\.free\s*=\s*)(\w+)", r"\1(\2)", _FNS))


def _export_changes() -> Iterator[Change]:
    for name in ("alloc_io_pgtable_ops", "free_io_pgtable_ops"):
        line = rf"^EXPORT_SYMBOL(?:_GPL)?\({name}\);"
        short = name.partition("_")[0]
        for word, new in (
            ("gone", ""),
            ("comment", r"/* \g<0> */"),
            ("if-0", "#if 0\n\\g<0>\n#endif"),
            ("other", "EXPORT_SYMBOL_GPL(io_pgtable_init_table);"),
        ):
            yield Change(f"export-{short}-{word}", "core", ("x.export",), _raw(line, new))
        plain = f"EXPORT_SYMBOL({name});"
        yield Change(f"same-export-{short}-for-all", "core", (), _raw(line, plain))
        spaced = f"EXPORT_SYMBOL_GPL( {name} ) ;"
        yield Change(f"same-export-{short}-spaced", "core", (), _raw(line, spaced))


_CONFIG = re.compile(r"^config IOMMU_IO_PGTABLE_LPAE\n(?:[ \t][^\n]*\n|\n)+", re.MULTILINE)


def _depends(*lines: str) -> Edit:
    """Replace all that the option depends on."""

    def edit(code: Code) -> str:
        m = _CONFIG.search(code.text)
        if m is None:
            raise AbsentError("no such option")
        kept = re.sub(r"^[ \t]+depends on [^\n]*\n", "", m[0], flags=re.MULTILINE)
        head, _, rest = kept.partition("\n")
        new = "".join(f"\t{line}\n" for line in lines)
        return code.put(Part(m.start(), m.end()), f"{head}\n{new}{rest}")

    return edit


def _kconfig_changes() -> Iterator[Change]:
    old = "depends on ARM || ARM64 || (COMPILE_TEST && !GENERIC_ATOMIC64)"
    broken: dict[str, list[str]] = {
        "loosened": ["depends on ARM || ARM64 || COMPILE_TEST"],
        "or": ["depends on ARM || ARM64 || COMPILE_TEST || !GENERIC_ATOMIC64"],
        "inverted": ["depends on ARM || ARM64 || (COMPILE_TEST && GENERIC_ATOMIC64)"],
        "gone": [],
        "comment": ["# " + old],
        "other": ["depends on ARM || ARM64 || (COMPILE_TEST && !GENERIC_CLOCKEVENTS)"],
    }
    same: dict[str, list[str]] = {
        "turned": ["depends on (!GENERIC_ATOMIC64 && COMPILE_TEST) || ARM64 || ARM"],
        "two-lines": ["depends on ARM || ARM64 || COMPILE_TEST", "depends on !GENERIC_ATOMIC64"],
        "continued": ["depends on ARM || ARM64 || \\", "\t(COMPILE_TEST && !GENERIC_ATOMIC64)"],
        "stricter": ["depends on ARM64"],
        "de-morgan": ["depends on ARM || ARM64 || !(!COMPILE_TEST || GENERIC_ATOMIC64)"],
        "equals-n": ["depends on ARM || ARM64 || (COMPILE_TEST && GENERIC_ATOMIC64=n)"],
        "remark": [old + " # not COMPILE_TEST alone"],
    }
    for word, lines in broken.items():
        yield Change(f"kconfig-{word}", "kconfig", ("x.kconfig",), _depends(*lines))
    for word, lines in same.items():
        yield Change(f"same-kconfig-{word}", "kconfig", (), _depends(*lines))


_PUBLIC = r"^[ \t]*#[ \t]*include[ \t]*<linux/io-pgtable\.h>"


def _include_changes() -> Iterator[Change]:
    both = ("1.10", "2.1")
    for file in ("pgtable", "v7s", "core", "msm"):
        for word, new in (
            ("old", '#include "io-pgtable.h"'),
            ("up", '#include "../iommu/io-pgtable.h"'),
        ):
            yield Change(f"include-{file}-{word}", file, both, _raw(_PUBLIC, new))
    for file, step in (("pgtable", "1.10"), ("v7s", "2.1")):
        for word, new in (
            ("gone", ""),
            ("comment", r"/* \g<0> */"),
            ("if-0", "#if 0\n\\g<0>\n#endif"),
        ):
            yield Change(f"include-{file}-{word}", file, (step,), _raw(_PUBLIC, new))
        spaced = "#  include\t<linux/io-pgtable.h>  /* public */"
        yield Change(f"same-include-{file}-spaced", file, (), _raw(_PUBLIC, spaced))
        remark = '\\g<0>\n/* was: #include "io-pgtable.h" */'
        yield Change(f"same-include-{file}-remark", file, (), _raw(_PUBLIC, remark))


_SET = "__arm_lpae_set_pte(ptep, 0, cfg);"
_SPLIT = "arm_lpae_split_blk_unmap"
_INSTALL = "arm_lpae_install_table"


def _table_install_changes() -> Iterator[Change]:
    """The lockless install: 1.6.2c to 1.6.2j beside their guards."""
    swap = r"\btry_cmpxchg64\w*\s*\(|\bcmpxchg64\w*\s*\("
    for word, step, edit in (
        ("clear-renamed", "1.6.2c", _sub(r"\b__arm_lpae_clear_pte\b", "__arm_lpae_zero_pte")),
        ("unmap-sets", "1.6.2c", _append_to("__arm_lpae_unmap", _SET)),
        (
            "unmap-no-clear",
            "1.6.2c",
            _all_in("__arm_lpae_unmap", r"\b__arm_lpae_clear_pte\b", "memset"),
        ),
        ("sync-renamed", "1.6.2d", _sub(r"\b__arm_lpae_sync_pte\b", "__arm_lpae_flush_pte")),
        ("sync-empty", "1.6.2d", _statement("__arm_lpae_sync_pte", "dma_sync_single", ";")),
        (
            "sync-if-0",
            "1.6.2d",
            _statement("__arm_lpae_sync_pte", "dma_sync", "\n#if 0\n{}\n#endif\n"),
        ),
        ("init-sets", "1.6.2d", _append_to("arm_lpae_init_pte", _SET)),
        ("init-inner-sets", "1.6.2d", _append_to("__arm_lpae_init_pte", _SET)),
        ("cmpxchg-plain", "1.6.2e", _statement(_INSTALL, swap, "old = *ptep; *ptep = new;")),
        ("cmpxchg-narrow", "1.6.2e", _sub_in(_INSTALL, swap, "cmpxchg_relaxed(")),
        ("cmpxchg-comment", "1.6.2e", _statement(_INSTALL, swap, "old = curr; /* {} */")),
        ("barrier-gone", "1.6.2e", _statement(_INSTALL, r"\bdma_wmb\b", ";")),
        ("barrier-other", "1.6.2e", _sub_in(_INSTALL, r"\bdma_wmb\b", "dma_rmb")),
        ("barrier-comment", "1.6.2e", _statement(_INSTALL, r"\bdma_wmb\b", "/* {} */")),
        ("mark-gone", "1.6.2e", _statement(_INSTALL, r"\bWRITE_ONCE\b", ";")),
        (
            "mark-without-bit",
            "1.6.2e",
            _sub_in(_INSTALL, r"WRITE_ONCE\(\*ptep,[^;]*\);", "WRITE_ONCE(*ptep, new);"),
        ),
        (
            "mark-plain",
            "1.6.2e",
            _statement(_INSTALL, r"\bWRITE_ONCE\b", "*ptep = new | ARM_LPAE_PTE_SW_SYNC;"),
        ),
        (
            "mark-and",
            "1.6.2e",
            _statement(
                _INSTALL, r"\bWRITE_ONCE\b", "WRITE_ONCE(*ptep, new & ARM_LPAE_PTE_SW_SYNC);"
            ),
        ),
        ("install-renamed", "1.6.2e", _sub(r"\barm_lpae_install_table\b", "arm_lpae_put_table")),
        (
            "map-stores",
            "1.6.2f",
            _statement("__arm_lpae_map", _INSTALL, "*ptep = __pa(cptep); pte = 0;"),
        ),
        (
            "map-install-if-0",
            "1.6.2f",
            _statement("__arm_lpae_map", _INSTALL, "\n#if 0\n{}\n#endif\n"),
        ),
        ("map-loser-kept", "1.6.2f", _statement("__arm_lpae_map", "__arm_lpae_free_pages", ";")),
        (
            "map-loser-comment",
            "1.6.2f",
            _statement("__arm_lpae_map", "__arm_lpae_free_pages", "{ /* {} */ }"),
        ),
        ("map-sets", "1.6.2f", _append_to("__arm_lpae_map", _SET)),
        ("map-sync-no-bit", "1.6.2f", _no_software_bit),
        ("map-sync-or", "1.6.2f", _map_joined),
        (
            "map-frees-winner",
            "1.6.2f",
            _sub_in("__arm_lpae_map", r"if \(pte\)(\s*__arm_lpae_free)", r"if (!pte)\1"),
        ),
        ("mark-by-loser", "1.6.2e", _sub_in(_INSTALL, r"== (curr|old)\b", r"!= \1")),
        ("barrier-late", "1.6.2e", _barrier_late),
        (
            "unmap-reads-once-plain",
            "1.6.2j",
            _sub_in("__arm_lpae_unmap", r"\bREAD_ONCE\(\*ptep\)", "*ptep"),
        ),
        ("split-sets", "1.6.2g", _append_to(_SPLIT, _SET)),
        (
            "split-maps",
            "1.6.2j",
            _append_to(
                _SPLIT, "__arm_lpae_map(data, iova, 0, size, 1, pte, lvl, tablep, 0, NULL);"
            ),
        ),
        (
            "split-syncs-only",
            "1.6.2j",
            _statement(
                _SPLIT, _INSTALL, "if (!cfg->coherent_walk)\n__arm_lpae_sync_pte(ptep, 1, cfg);"
            ),
        ),
        ("unmap-reads-plain", "1.6.2j", _all_in("__arm_lpae_unmap", r"\bREAD_ONCE\b", "")),
    ):
        yield Change(word, "pgtable", (step,), edit)
    both = ("1.6.2g", "1.6.2j")
    yield Change(
        "split-stores", "pgtable", both, _statement(_SPLIT, _INSTALL, "*ptep = __pa(tablep);")
    )
    yield Change(
        "split-install-comment",
        "pgtable",
        both,
        _statement(_SPLIT, _INSTALL, "pte = blk_pte; /* {} */"),
    )
    yield Change("same-cmpxchg", "pgtable", (), _sub_in(_INSTALL, swap, "cmpxchg64("))
    yield Change(
        "same-unmap-comment", "pgtable", (), _append_to("__arm_lpae_unmap", f"/* {_SET} */")
    )
    yield Change(
        "same-map-if-0", "pgtable", (), _append_to("__arm_lpae_map", f"\n#if 0\n{_SET}\n#endif\n")
    )


def _barrier_late(code: Code) -> str:
    """Publish the entry first, the table afterwards."""
    part = code.statement(_INSTALL, r"\bdma_wmb\b")
    later = Code(code.put(part, ""))
    return later.insert(later.statement(_INSTALL, r"\b\w*cmpxchg\w*").end, "\n\tdma_wmb();")


def _map_guard(code: Code) -> Guard:
    return Guard(code, ("__arm_lpae_map",), _SYNC, _WALK)


def _no_software_bit(code: Code) -> str:
    g = _map_guard(code)
    left, right = _operands(code, g.condition, "&&")
    return code.put(g.condition, left if "SW_SYNC" in right else right)


def _map_joined(code: Code) -> str:
    return _joined(_map_guard(code), "&&", "||")


def _written(condition: str) -> GuardEdit:
    return lambda g: g.where(condition)


def _chosen(yes: str, no: str) -> GuardEdit:
    """Write ``if`` and ``else`` as one assignment with a choice."""

    def edit(g: Guard) -> str:
        condition = g.code.cut(g.condition)
        choice = f"pte |= ({condition}) ? ARM_LPAE_PTE_{yes} : ARM_LPAE_PTE_{no};"
        return g.code.put(g.whole.part, choice)

    return edit


def _attribute_changes() -> Iterator[Change]:
    """1.3, 1.4, 1.5: what Mali has of its own in an entry."""
    prot = _PROT[0]
    prot_if = ("ARM_LPAE_PTE_SH_IS", "ARM_MALI_LPAE")
    for word, new in (
        ("or", lambda g: _joined(g, "&&", "||")),
        (
            "fmt-inverted",
            lambda g: g.code.put(g.condition, g.code.cut(g.condition).replace("!=", "==")),
        ),
        (
            "fmt-other",
            lambda g: g.code.put(g.condition, g.code.cut(g.condition).replace("_MALI_", "_64_")),
        ),
        ("no-fmt", lambda g: g.where("prot & IOMMU_CACHE")),
        ("no-cache", lambda g: g.where("data->iop.fmt != ARM_MALI_LPAE")),
        (
            "other-flag",
            lambda g: g.code.put(
                g.condition, g.code.cut(g.condition).replace("IOMMU_CACHE", "IOMMU_MMIO")
            ),
        ),
    ):
        site = Site("sh", "1.4", "pgtable", _PROT, rf"\b{prot_if[0]}\b", prot_if[1])
        yield Change(f"sh-{word}", "pgtable", ("1.4",), _at_site(site, new))
    for word, new in (
        (
            "fmt-inverted",
            lambda g: g.code.put(g.condition, g.code.cut(g.condition).replace("!=", "==")),
        ),
        ("or", lambda g: _joined(g, "&&", "||")),
        ("no-fmt", lambda g: g.where("lvl == ARM_LPAE_MAX_LEVELS - 1")),
        ("no-level", lambda g: g.where("data->iop.fmt != ARM_MALI_LPAE")),
        (
            "other-level",
            lambda g: g.code.put(
                g.condition, g.code.cut(g.condition).replace("LEVELS - 1", "LEVELS - 2")
            ),
        ),
    ):
        site = Site(
            "page", "1.5", "pgtable", _INIT_PTE, r"\bARM_LPAE_PTE_TYPE_PAGE\b", "ARM_MALI_LPAE"
        )
        yield Change(f"page-{word}", "pgtable", ("1.5",), _at_site(site, new))
    memattr = Site(
        "memattr", "1.4", "pgtable", _PROT, r"\bARM_LPAE_PTE_MEMATTR_DEV\b", r"LPAE_S2\b"
    )
    for word, new in (
        ("always", lambda g: g.where("true")),
        ("inverted", lambda g: g.where("!({})")),
        (
            "not-stage-1",
            lambda g: g.where("data->iop.fmt != ARM_64_LPAE_S1 && data->iop.fmt != ARM_32_LPAE_S1"),
        ),
        ("mali-too", lambda g: g.where("{} || data->iop.fmt == ARM_MALI_LPAE")),
        ("and", lambda g: _joined(g, "||", "&&")),
        ("exchanged", _exchanged),
    ):
        yield Change(f"memattr-{word}", "pgtable", ("1.4",), _at_site(memattr, new))
    for word, form in (
        ("de-morgan", "!(data->iop.fmt != ARM_64_LPAE_S2 && data->iop.fmt != ARM_32_LPAE_S2)"),
        ("turned", "ARM_32_LPAE_S2 == data->iop.fmt || ARM_64_LPAE_S2 == data->iop.fmt"),
    ):
        yield Change(f"same-memattr-{word}", "pgtable", (), _at_site(memattr, _written(form)))
    yield Change(
        "same-memattr-inverted-branches",
        "pgtable",
        (),
        _at_site(memattr, SAME["inverted-branches"]),
    )
    for label, step, yes, no in (
        ("sh", "1.4", "SH_IS", "SH_OS"),
        ("page", "1.5", "TYPE_PAGE", "TYPE_BLOCK"),
    ):
        site = next(x for x in SITES if x.label == label)
        yield Change(
            f"same-{label}-one-assignment", "pgtable", (), _at_site(site, _chosen(yes, no))
        )
        yield Change(
            f"{label}-one-assignment-exchanged",
            "pgtable",
            (step,),
            _at_site(site, _chosen(no, yes)),
        )
    for bit in ("AF", "SH_IS", "NS", "MEMATTR_NC"):
        also = _append_to(prot, f"pte |= ARM_LPAE_PTE_{bit};")
        yield Change(f"prot-also-{bit.lower()}", "pgtable", ("1.4",), also)
    for bit in ("AF", "SH_IS", "NS", "SH_OS"):
        gone = _statement(prot, rf"\bARM_LPAE_PTE_{bit}\b", ";")
        yield Change(f"prot-without-{bit.lower()}", "pgtable", ("1.4",), gone)
    yield Change(
        "sh-os-inner",
        "pgtable",
        ("1.4",),
        _sub_in(prot, r"\bARM_LPAE_PTE_SH_OS\b", "ARM_LPAE_PTE_SH_IS"),
    )
    for bit in ("AF", "SH_IS", "NS"):
        for function in _INIT_PTE:
            edit = _statement(
                function,
                r"\breturn 0|\bpte \|= ARM_LPAE_PTE_TYPE_BLOCK",
                f"{{ prot |= ARM_LPAE_PTE_{bit}; {{}} }}",
            )
            yield Change(f"{function}-{bit.lower()}", "pgtable", ("1.4",), edit)
    yield Change(
        "init-both",
        "pgtable",
        ("1.4",),
        _sub_in(
            _INIT_PTE[0], r"\bpte = prot\b", "pte = prot | ARM_LPAE_PTE_AF | ARM_LPAE_PTE_SH_IS"
        ),
    )
    yield Change(
        "leaf-no-fmt",
        "pgtable",
        ("1.3",),
        _all_in("iopte_leaf", r"\s*&& fmt != ARM_MALI_LPAE|fmt != ARM_MALI_LPAE && ", ""),
    )
    yield Change(
        "leaf-other-fmt",
        "pgtable",
        ("1.3",),
        _all_in("iopte_leaf", r"\bARM_MALI_LPAE\b", "ARM_64_LPAE_S2"),
    )
    yield Change(
        "leaf-comment",
        "pgtable",
        ("1.3",),
        _all_in("iopte_leaf", r"\bARM_MALI_LPAE\b", "0 /* ARM_MALI_LPAE */"),
    )
    yield Change(
        "leaf-inverted",
        "pgtable",
        ("1.3",),
        _all_in("iopte_leaf", r"!= ARM_MALI_LPAE\b", "== ARM_MALI_LPAE"),
    )
    yield Change("leaf-renamed", "pgtable", ("1.3",), _sub(r"\biopte_leaf\b", "iopte_is_leaf"))


_CONTROL = (
    ("cached", "RGN_NC", "ARM_LPAE_TCR_RGN_WBWA"),
    ("uncached", "RGN_WBWA", "ARM_LPAE_TCR_RGN_NC"),
    ("inner", "SH_OS", "ARM_LPAE_TCR_SH_IS"),
    ("outer", "SH_IS", "ARM_LPAE_TCR_SH_OS"),
    ("nc-if-0", "RGN_NC", "0 /* ARM_LPAE_TCR_RGN_NC */"),
)
"""What a TCR or VTCR is given wrongly: the mutant's name, the value replaced, and by which."""


def _mali_changes() -> Iterator[Change]:
    """1.8: the allocator; and the rest of the control registers."""
    mali = "arm_mali_lpae_alloc_pgtable"
    yield Change(
        "mali-renamed", "pgtable", ("1.8",), _sub(rf"\b{mali}\b", "arm_mali_alloc_pgtable")
    )
    levels = r"\bstart_level\s*=\s*0|\blevels\s*=[^=]"
    yield Change("mali-levels", "pgtable", ("1.8",), _statement(mali, levels, ";"))
    yield Change("mali-levels-comment", "pgtable", ("1.8",), _statement(mali, levels, "/* {} */"))
    yield Change(
        "mali-levels-three",
        "pgtable",
        ("1.8",),
        _sub_in(mali, r"\bstart_level = 0", "start_level = 1"),
    )
    yield Change("mali-levels-never", "pgtable", ("1.8",), _statement(mali, levels, "if (0) {}"))
    for how in ("inverted", "always", "never"):
        mapped = {"inverted": "!cfg->coherent_walk", "always": "true", "never": "false"}[how]
        yield Change(
            f"mali-share-{how}",
            "pgtable",
            ("1.8",),
            _all_in(mali, r"\bcfg->coherent_walk\b", mapped),
        )
    outer = r"\bARM_MALI_LPAE_TTBR_READ_INNER\b"
    always = _sub_in(mali, outer, r"\g<0> | ARM_MALI_LPAE_TTBR_SHARE_OUTER")
    yield Change("mali-share-also", "pgtable", ("1.8",), always)
    for step, short, function in (("1.6.2h", "tcr", _S1[0]), ("1.6.2i", "vtcr", _S2[0])):
        for how, register, other in _CONTROL:
            made = _all_in(function, rf"\bARM_LPAE_TCR_{register}\b", other)
            yield Change(f"{short}-{how}", "pgtable", (step,), made)
        unset = _statement(function, r"\bARM_LPAE_TCR_SH_OS\b", ";")
        yield Change(f"{short}-no-sh", "pgtable", (step,), unset)
        yield Change(
            f"same-{short}-negated",
            "pgtable",
            (),
            _at_site(
                Site(short, step, "pgtable", (function,), r"\bARM_LPAE_TCR_RGN_NC\b"),
                SAME["inverted-branches"],
            ),
        )


_CHOICE = r"(\b\w+->coherent_walk\b)(\s*\?)"


def _ternary_exchanged(code: Code) -> str:
    m = code.find(_CHOICE, code.body("arm_v7s_alloc_pgtable"))
    i = m.end()
    while code.quiet[i] != ":":
        i = code.close(i) if code.quiet[i] in _PAIRS else i + 1
    end = i + 1
    while code.quiet[end] not in ");,":
        end = code.close(end) if code.quiet[end] in _PAIRS else end + 1
    yes, no = code.text[m.end() : i], code.text[i + 1 : end]
    return code.put(Part(m.end(), end), f"{no} :{yes}")


def _v7s_changes() -> Iterator[Change]:
    alloc = "arm_v7s_alloc_pgtable"
    for word, edit in (
        ("exchanged", _ternary_exchanged),
        ("inverted", _sub_in(alloc, _CHOICE, r"!\1\2")),
        ("always", _sub_in(alloc, _CHOICE, r"true\2")),
        ("never", _sub_in(alloc, _CHOICE, r"false\2")),
        ("unrelated", _sub_in(alloc, _CHOICE, r"cfg->pgsize_bitmap\2")),
        ("weakened", _sub_in(alloc, _CHOICE, r"\1 && selftest_running\2")),
        ("cached", _all_in(alloc, r"\bARM_V7S_RGN_NC\b", "ARM_V7S_RGN_WBWA")),
        ("also", _sub_in(alloc, r"\bARM_V7S_RGN_WBWA\b", "ARM_V7S_RGN_NC")),
    ):
        yield Change(f"v7s-ttbr-{word}", "v7s", ("2.2d",), edit)
    for word, form in (
        ("parentheses", r"((\1))\2"),
        ("twice-negated", r"!!\1\2"),
        ("is-true", r"\1 == true\2"),
        ("not-false", r"false != \1\2"),
        ("comment", r"\1 /* ? NC : WBWA */\2"),
        ("likely", r"likely(\1)\2"),
    ):
        yield Change(f"same-v7s-ttbr-{word}", "v7s", (), _sub_in(alloc, _CHOICE, form))
    yield Change("same-v7s-ttbr-exchanged", "v7s", (), _ternary_turned)


def _ternary_turned(code: Code) -> str:
    return _sub_in("arm_v7s_alloc_pgtable", _CHOICE, r"!\1\2")(Code(_ternary_exchanged(code)))


_TESTED = r"\.coherent_walk(\s*)=(\s*)(true|1)(\s*,)"


def _selftest_changes() -> Iterator[Change]:
    for file, step, functions in (
        ("pgtable", "1.11", "arm_lpae_do_selftests|arm_lpae_run_tests"),
        ("v7s", "2.2e", "arm_v7s_do_selftests"),
    ):
        for word, new in (
            ("false", r".coherent_walk = false,"),
            ("zero", r".coherent_walk = 0,"),
            ("gone", ""),
            ("comment", r"/* \g<0> */"),
            ("if-0", "\n#if 0\n\\g<0>\n#endif\n"),
            ("other-field", r".coherent = true,"),
            ("not-true", r".coherent_walk = !true,"),
        ):
            yield Change(f"{file}-test-{word}", file, (step,), _sub_in(functions, _TESTED, new))
        for word, new in (
            ("one", ".coherent_walk = 1,"),
            ("not-false", ".coherent_walk = !false,"),
            ("parentheses", ".coherent_walk = (true),"),
        ):
            yield Change(f"same-{file}-test-{word}", file, (), _sub_in(functions, _TESTED, new))


def _set_later(function: str, initializer: str, statement: str) -> Edit:
    """Take the field out of the initializer and set it before the allocation."""

    def edit(code: Code) -> str:
        without = Code(_sub_in(function, initializer, "")(code))
        call = r"\w+\s*=\s*alloc_io_pgtable_ops"
        return _sub_in(function, call, f"{statement}\n\\g<0>")(without)

    return edit


def _smmu_changes() -> Iterator[Change]:
    for file, step, functions, bit, other in (
        ("smmu", "3a", "arm_smmu_init_domain_context", "COHERENT_WALK", "STREAM_MATCH"),
        ("smmu-v3", "3b", "arm_smmu_domain_finalise", "COHERENCY", "HYP"),
    ):
        flag = f"ARM_SMMU_FEAT_{bit}"
        old = rf"(\.coherent_walk\s*=\s*)(\w+->features)(\s*&\s*){flag}(\s*,)"
        for word, new in (
            ("other-feature", rf"\1\2\3ARM_SMMU_FEAT_{other}\4"),
            ("inverted", rf"\1!(\2\3{flag})\4"),
            ("true", r"\1true\4"),
            ("false", r"\1false\4"),
            ("or", rf"\1\2 | {flag}\4"),
            ("logical", rf"\1\2 && {flag}\4"),
            ("gone", ""),
            ("comment", r"/* \g<0> */"),
            ("if-0", "\n#if 0\n\\g<0>\n#endif\n"),
            ("other-field", rf".coherent = \2\3{flag}\4"),
            ("never", rf"\g<1>0 && (\2\3{flag})\4"),
            ("weakened", rf"\1(\2\3{flag}) || smmu->dev\4"),
        ):
            yield Change(f"{file}-{word}", file, (step,), _sub_in(functions, old, new))
        for word, new in (
            ("turned", rf"\g<1>{flag} & \2\4"),
            ("twice-negated", rf"\1!!(\2\3{flag})\4"),
            ("not-zero", rf"\1(\2\3{flag}) != 0\4"),
            ("equals", rf"\1(\2\3{flag}) == {flag}\4"),
            ("choice", rf"\1\2\3{flag} ? true : false\4"),
        ):
            yield Change(f"same-{file}-{word}", file, (), _sub_in(functions, old, new))
        test, walk = f"smmu->features & {flag}", "pgtbl_cfg.coherent_walk"
        for word, new in (
            ("if-not", f"if (!({test})) {walk} = true;"),
            ("reset-if", f"{walk} = true; if ({test}) {walk} = false;"),
            ("both", f"if ({test}) {walk} = true; else {walk} = true;"),
        ):
            yield Change(f"{file}-{word}", file, (step,), _set_later(functions, old, new))
        for word, new in (("later-true", "true"), ("later-false", "false")):
            call = r"\w+\s*=\s*alloc_io_pgtable_ops"
            later = _sub_in(functions, call, f"{walk} = {new};\n\\g<0>")
            yield Change(f"{file}-{word}", file, (step,), later)
        for word, new in (
            ("assigned", f"{walk} = {test};"),
            ("if", f"if ({test}) {walk} = true;"),
            ("if-else", f"if ({test}) {walk} = true; else {walk} = false;"),
            ("local", f"{{ bool w = {test}; {walk} = w; }}"),
        ):
            yield Change(f"same-{file}-{word}", file, (), _set_later(functions, old, new))


def _single_changes() -> Iterator[Change]:
    for word, new in (("int", "1"), ("unsigned", "1U"), ("long", "1UL")):
        yield Change(f"block-size-{word}", "pgtable", ("x.block-size",), _width(new))
    for word, new in (("lower", "1ull"), ("cast", "(u64)1")):
        yield Change(f"same-block-size-{word}", "pgtable", (), _width(new))
    yield from _leaf_calls()
    yield from _macro_changes()
    yield from _header_changes()
    yield from _table_changes()
    yield from _export_changes()
    yield from _kconfig_changes()
    yield from _include_changes()
    yield from _table_install_changes()
    yield from _attribute_changes()
    yield from _mali_changes()
    yield from _v7s_changes()
    yield from _selftest_changes()
    yield from _smmu_changes()


def changes() -> Iterator[Change]:
    """Yield every change this generator knows."""
    yield from _guard_changes()
    yield from _single_changes()
    for file in ("pgtable", "v7s", "core", "header", "smmu", "smmu-v3"):
        yield Change(f"same-{file}-crlf", file, (), lambda c: c.text.replace("\n", "\r\n"))


def _path(root: Path, file: str) -> str | None:
    return next((p for p in FILES[file] if (root / p).is_file()), None)


def _made(root: Path, change: Change) -> Mutant:
    path = _path(root, change.file)
    if path is None:
        raise AbsentError(f"no {change.file}")
    before = (root / path).read_bytes()
    after = change.edit(Code(before.decode("latin-1"))).encode("latin-1")
    if after == before:
        raise AbsentError("nothing changed")
    return Mutant(change.name, path, frozenset(change.steps), before, after)


def mutants(root: Path) -> Iterator[Mutant]:
    """Yield every mutant of a done tree; those with no steps must change no verdict.

    Args:
        root: the tree; it is only read.
    """
    for change in changes():
        try:
            yield _made(root, change)
        except AbsentError:
            continue
    steps = frozenset({"1.10", "2.1"})
    yield Mutant("old-header-back", OLD_HEADER, steps, None, b"#include <linux/io-pgtable.h>\n")


def left_out(root: Path) -> dict[str, str]:
    """Return the changes that this tree has no place for, with the reason."""
    reasons = {}
    for change in changes():
        try:
            _made(root, change)
        except AbsentError as e:
            reasons[change.name] = str(e)
    return reasons
