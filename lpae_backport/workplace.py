# SPDX-License-Identifier: GPL-2.0-only
"""What an edit works with: the draft of the target, the reference, the pack's adaptations."""

import posixpath
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from lpae_backport.draft import Draft
from lpae_backport.errors import RefusedError
from lpae_backport.finding import State
from lpae_backport.layout import Layout, Unreadable
from lpae_backport.matcher import decide
from lpae_backport.rewriting import Change, apply_changes, text_of
from lpae_backport.rule import Pack, Probe
from lpae_backport.symbols import CodeFile
from lpae_backport.template import Template
from lpae_backport.vocabulary import Headers, Vocabulary

_EVERYWHERE = ("drivers", "include", "sound", "virt")
"""Where drivers, and what is shared with them, can stand."""


@dataclass
class Workplace:
    """One target in the making.

    Attributes:
        draft: the target with the changes so far.
        reference: the tree that text is copied from.
        pack: the rules.
        copied: what was taken from the reference since then, by name.
        headers: what was read of them before.
        notes: what was adapted since they were last taken, for the patch's message.
    """

    draft: Draft
    reference: Layout
    pack: Pack
    notes: dict[str, None] = field(default_factory=dict)
    copied: dict[str, None] = field(default_factory=dict)
    headers: Headers = field(default_factory=Headers)
    _vocabularies: dict[Hashable, Vocabulary] = field(default_factory=dict)

    def file(self, name: str) -> CodeFile:
        """Return the one file of the target that a logical name stands for.

        Raises:
            RefusedError: there is none, or several, or it cannot be read.
        """
        return self._one(self.draft.layout, name)

    def files_of_reference(self, name: str) -> list[CodeFile]:
        """Return the reference's file, and the private headers it includes.

        Raises:
            RefusedError: there is none, or it cannot be read.
        """
        file = self._one(self.reference, name)
        return [file, *self.reference.private_headers(file)]

    def _one(self, layout: Layout, name: str) -> CodeFile:
        found = layout.files(name)
        if not found:
            raise RefusedError(f"no {' or '.join(layout.paths(name))}")
        if len(found) > 1:
            paths = ", ".join(f.path for f in found)
            raise RefusedError(f"nothing tells which of {paths} is built")
        if isinstance(found[0], Unreadable):
            raise RefusedError(found[0].reason, where=found[0].path)
        return found[0]

    def holds(self, probes: Iterable[Probe]) -> bool:
        """Tell whether the target, as it is now, is what some probes want.

        Raises:
            RefusedError: it cannot be told.
        """
        for p in probes:
            result = decide(p.check, self.draft.layout)
            if result.state is State.UNKNOWN:
                raise RefusedError(f"cannot be told: {result.reason}")
            if (result.state is State.MET) is not p.wanted:
                return False
        return True

    def template(self, file: CodeFile) -> Template:
        """Return what fills templates for a file."""
        return Template(file, self.pack.reach)

    def change(self, file: CodeFile, changes: Iterable[Change]) -> None:
        """Change a file of the target."""
        self.draft.write(file.path, apply_changes(text_of(file), changes))

    def vocabulary(self, file: CodeFile) -> Vocabulary:
        """Return the words of the headers that a file of the target includes.

        They are gathered once for as long as neither its includes nor any header changes.
        """
        includes = tuple((i.header, i.is_system) for i in file.source.includes)
        state = tuple((p, d) for p, d in self.draft.mark().items() if p.endswith(".h"))
        key = (posixpath.dirname(file.path), includes, state)
        if key not in self._vocabularies:
            made = Vocabulary(self.draft, file.path, self.pack.assume, self.headers)
            self._vocabularies[key] = made
        return self._vocabularies[key]

    def mentioning(self, word: str) -> list[str]:
        """Return the sources of the whole target that have a word in them."""
        return self.draft.mentioning(word.encode(), _EVERYWHERE)

    def place(self, file: CodeFile, offset: int) -> str:
        """Return a place in a file as file:line."""
        return f"{file.path}:{file.source.lines.line(offset)}"
