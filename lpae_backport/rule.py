# SPDX-License-Identifier: GPL-2.0-only
"""Checked rules: what `ruleset` hands out once every line of the YAML has been looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from pathlib import Path

from lpae_backport.logic import Formula
from lpae_backport.pattern import Pattern


@unique
class Kind(StrEnum):
    """The kinds of check; the value is the key that introduces one in YAML."""

    ENUMERATOR = "enumerator"
    FIELD = "field"
    MACRO = "macro"
    FUNCTION = "function"
    CALLS = "calls"
    CONTAINS = "contains"
    LACKS = "lacks"
    GUARD = "guard"
    SETS = "sets"
    ORDER = "order"
    INCLUDE = "include"
    NO_INCLUDE = "no-include"
    ENTRY = "entry"
    DECLARATION = "declaration"
    FILE = "file"
    NO_FILE = "no-file"
    EXPORT = "export"
    KCONFIG = "kconfig"


CONSTRAINTS = frozenset({Kind.LACKS, Kind.NO_INCLUDE, Kind.NO_FILE})
"""Checks that hold when nothing is there; by themselves they are no sign of work begun."""


@dataclass(frozen=True)
class Scope:
    """Where in a file to look: the functions by any of their names; none means the whole file."""

    file: str
    functions: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """Under what a guarded piece of code must run, as a formula over pattern atoms."""

    source: str
    formula: Formula
    exactly: bool
    """Also demand that it does run in every case that the formula allows."""
    named: Formula = True
    """The conditions to tell cases apart by, where the formula names none (it runs regardless)."""
    among: tuple[str, ...] = ()
    """The values a compared subject may have; each of them is a case."""


@dataclass(frozen=True)
class Check:
    """One fact that a step demands. Which of the fields count depends on `kind`."""

    id: str
    kind: Kind
    name: str
    scope: Scope
    patterns: tuple[Pattern, ...] = ()
    stages: tuple[tuple[Pattern, ...], ...] = ()
    """For an order: the pieces one after the other, each with its alternatives."""
    until: tuple[Pattern, ...] = ()
    """Stores behind the first of these come too late to count."""
    condition: Condition | None = None
    owner: str = ""
    """The enum, struct or object that the named thing belongs to."""
    last: str = ""
    """For an enumerator: the count that has to stay the last one of the enum."""
    config: str = ""
    """The only Kconfig symbol that may stand around an entry, or around contained code."""
    value: int | None = None
    params: int | None = None
    head: str = ""
    """How a function or object is declared, word for word."""
    paths: tuple[str, ...] = ()
    optional: bool = False
    """Where a guard's code does not occur at all, there is nothing to object to."""
    requires: Scope | None = None
    """Where this function (or file) does not exist, the check does not apply."""
    either: tuple["Check", ...] = ()
    """Other ways to satisfy this check, as good as the first."""
    alternatives: tuple["Check", ...] = ()
    """Older forms; one that holds makes this check `differs`."""

    @property
    def is_constraint(self) -> bool:
        """Tell whether the check only says what must not be there."""
        return self.optional or self.kind in CONSTRAINTS


@unique
class Op(StrEnum):
    """The kinds of edit; the value is the key that introduces one in YAML."""

    ENUMERATOR = "enumerator"
    FIELD = "field"
    COPY = "copy"
    REMOVE = "remove"
    INCLUDE = "include"
    FORWARD = "forward"
    ENTRY = "entry"
    DECLARATION = "declaration"
    EXPORT = "export"
    REPLACE = "replace"
    DELETE = "delete"
    BRANCH = "branch"
    GUARD = "guard"
    STATEMENTS = "statements"
    INSERT = "insert"
    EXTRACT = "extract"
    MOVE = "move"
    KCONFIG = "kconfig"
    CONVERT = "convert"


@dataclass(frozen=True)
class Probe:
    """A fact of the target that decides whether an edit or adaptation is called for."""

    check: Check
    wanted: bool = True


@dataclass(frozen=True)
class Adaptation:
    """A change to text of the reference, so that it fits the target.

    Attributes:
        patterns: what to look for; the first that occurs counts.
        template: what to put there; empty deletes a statement.
        parameter: a parameter of the function to drop, in place of patterns.
        probes: what the target must be like for this to apply.
        why: one line for the patch's message; may be empty.
    """

    patterns: tuple[Pattern, ...]
    template: str
    parameter: str = ""
    probes: tuple[Probe, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Edit:
    """One edit of a fix. Which of the fields count depends on `op`."""

    op: Op
    names: tuple[str, ...]
    scope: Scope
    patterns: tuple[Pattern, ...] = ()
    template: str = ""
    until: tuple[Pattern, ...] = ()
    """Where a run of statements ends; this statement itself stays."""
    over: tuple[Pattern, ...] = ()
    """For statements copied from the reference: the first one they replace."""
    holding: tuple[Pattern, ...] = ()
    """Only statements that hold one of these."""
    owner: str = ""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    to: str = ""
    paths: tuple[str, ...] = ()
    replacing: bool = False
    loses: tuple[str, ...] = ()
    """Identifiers of the replaced text that may go."""
    superseded: tuple[Pattern, ...] = ()
    """Statements and conditions of the replaced text that may go; all others have to stay."""
    guarding: tuple[Pattern, ...] = ()
    """Only in conditions that this code hangs on."""
    adapt: tuple[Adaptation, ...] = ()
    checks: tuple[str, ...] = ()
    """The checks it is for; it is left out where all of them hold."""
    probes: tuple[Probe, ...] = ()
    optional: bool = False
    why: str = ""


@dataclass(frozen=True)
class Reach:
    """How to get at something from a variable of a given struct; ``$V`` is the variable."""

    struct: str
    template: str


@dataclass(frozen=True)
class Risk:
    """What whoever carries a series has to be told if it makes one of these steps."""

    steps: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class PatchSpec:
    """One patch of a series: the steps it makes, and what it is called."""

    steps: tuple[str, ...]
    subject: str
    probes: tuple[Probe, ...] = ()
    """It is called so only where these hold; the first patch for a step that fits is taken."""
    body: str = ""
    """Why, in words of its own; else the reasons of the steps."""


@dataclass(frozen=True)
class Commit:
    """An upstream commit that has been looked up, not guessed."""

    sha: str
    subject: str


@dataclass(frozen=True)
class Step:
    """One rule: one reviewable patch of a backport."""

    id: str
    title: str
    why: str
    checks: tuple[Check, ...]
    file: Path
    commits: tuple[Commit, ...] = ()
    after: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()
    applies: Scope | None = None
    """Where this file (or function) does not exist, the step is not applicable."""
    fix: tuple[Edit, ...] = ()
    manual: str = ""
    """Why no fix can be written down, where there is none."""


@dataclass(frozen=True)
class FileSpec:
    """A logical file: where the same source stands in different trees.

    Attributes:
        paths: candidate paths, the newest place first.
        config: the Kconfig symbol whose Makefile rule says which of them is really built.
        defines: an identifier that the right file defines, to know a renamed one by.
        under: the directory a renamed one is looked for in.
        included_by: the logical file whose ``#include`` decides, for a header.
        otherwise: the logical file that holds it where none of the paths exists.
    """

    name: str
    paths: tuple[str, ...]
    config: str = ""
    defines: str = ""
    under: str = ""
    included_by: str = ""
    otherwise: str = ""

    @property
    def is_kconfig(self) -> bool:
        """Tell whether the file holds Kconfig, not C."""
        return not self.paths[0].endswith((".c", ".h"))


@dataclass(frozen=True)
class DefconfigSpec:
    """A Kconfig symbol without which nothing of the pack is built, and where defconfigs stand."""

    needs: str
    under: str


@dataclass(frozen=True)
class Pack:
    """A folder of rules for one backport."""

    id: str
    title: str
    folder: Path
    makefiles: str
    files: dict[str, FileSpec]
    steps: tuple[Step, ...]
    defconfig: DefconfigSpec | None = None
    series: tuple[PatchSpec, ...] = ()
    adapt: tuple[Adaptation, ...] = ()
    """What all text of the reference has to be adapted to."""
    reach: Mapping[str, tuple[Reach, ...]] = field(default_factory=dict)
    tidy: Mapping[str, Mapping[str, tuple[Pattern, ...]]] = field(default_factory=dict)
    """Functions by logical file that go as soon as nothing uses them, and what they consist of."""
    assume: frozenset[str] = frozenset()
    """Names of an architecture's headers, taken as given where a tree has none of those."""
    risks: tuple[Risk, ...] = ()
    about: str = ""
    """What the backport is good for, for the cover letter of a series."""

    def known_functions(self) -> frozenset[str]:
        """Return the functions the rules look into; each is judged on its own."""
        checks = [c for s in self.steps for c in s.checks]
        named = {c.name for c in checks if c.kind is Kind.FUNCTION}
        old = {p.key for c in checks if c.kind is Kind.LACKS for p in c.patterns if p.is_call}
        return frozenset(named | old | {f for c in checks for f in c.scope.functions})
