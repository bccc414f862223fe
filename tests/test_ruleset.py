# SPDX-License-Identifier: GPL-2.0-only
"""Every mistake in a rule is shown at file:line:column with a hint, and never as a traceback."""

import os
from pathlib import Path

import pytest

from lpae_backport.document import load_yaml
from lpae_backport.errors import ExitCode, RuleError
from lpae_backport.ruleset import load_pack, step_order

_PACK = "schema: 1\nid: p\ntitle: t\nfiles:\n  drv: {paths: [drivers/x.c]}\n"
_GOOD = "id: a\ntitle: t\nwhy: w\nchecks:\n"


def _folder(where: Path, step: str | bytes, pack: str = _PACK) -> Path:
    (where / "steps").mkdir()
    (where / "pack.yaml").write_text(pack)
    data = step if isinstance(step, bytes) else step.encode()
    (where / "steps" / "a.yaml").write_bytes(data)
    return where


@pytest.mark.parametrize(
    ("step", "place", "says"),
    [
        ("", "a.yaml:1:1", "empty"),
        ("id: a\n\tb: c\n", "a.yaml:2:1", "not YAML"),
        ("id: [a\n", "a.yaml:", "not YAML"),
        ("id: a\nid: b\n", "a.yaml:2:1", "given twice"),
        ("- a\n- b\n", "a.yaml:1:1", "mapping"),
        ("id: a\ntitle: t\nwhy: w\n", "a.yaml:1:1", "'checks' is missing"),
        (
            _GOOD.replace("why", "wyh") + "  - {macro: X, in: drv}\n",
            "a.yaml:3:",
            "did you mean 'why'",
        ),
        (_GOOD + "  - {macro: X, in: drc}\n", "a.yaml:5:20", "did you mean 'drv'"),
        (_GOOD + "  - {macro: X, in: drv, valu: 3}\n", "a.yaml:5:", "did you mean 'value'"),
        (_GOOD + "  - {macro: X, in: drv, value: ten}\n", "a.yaml:5:", "number expected"),
        (_GOOD + "  - {makro: X, in: drv}\n", "a.yaml:5:5", "exactly one kind"),
        (_GOOD + "  - {macro: X, field: y, in: drv}\n", "a.yaml:5:5", "exactly one kind"),
        (_GOOD + "  - {macro: X}\n", "a.yaml:5:5", "'in' is missing"),
        (_GOOD + "  - text\n", "a.yaml:5:5", "a check is a mapping"),
        (_GOOD + "  - {guard: f(), in: drv:g}\n", "a.yaml:5:5", "needs its condition"),
        (_GOOD + "  - {guard: f(), in: drv, when: x}\n", "a.yaml:5:5", "needs a function"),
        (_GOOD + "  - {guard: 'f(', in: drv:g, when: x}\n", "a.yaml:5:13", "not one expression"),
        (_GOOD + "  - {guard: f(), in: drv:g, when: 'x &&'}\n", "a.yaml:5:", "not a condition"),
        (
            _GOOD + "  - {guard: f(), in: drv:g, when: x, only-when: y}\n",
            "a.yaml:5:",
            "exclude each other",
        ),
        (_GOOD + "  - {contains: $X, in: drv:g}\n", "a.yaml:5:", "matches everything"),
        (_GOOD + "  - {lacks: f(), in: drv:g}\n", "a.yaml:5:3", "only forbids"),
        (_GOOD + "  []\n", "a.yaml:5:3", "at least one check"),
        (_GOOD + "  - {macro: X, in: drv}\n  - {macro: X, in: drv}\n", "a.yaml:5:5", "two checks"),
        (_GOOD + "  - &x {macro: X, in: drv}\n  - *x\n", "a.yaml:5:5", "aliases"),
        (_GOOD + "  - {macro: [X, [Y]], in: drv}\n", "a.yaml:5:", "text expected"),
        (
            _GOOD.replace("id: a", "id: A B") + "  - {macro: X, in: drv}\n",
            "a.yaml:1:5",
            "no step id",
        ),
        (
            _GOOD + "  - {macro: X, in: drv}\ncommits: [{sha: zz, subject: s}]\n",
            "a.yaml:6:",
            "hex digits",
        ),
        (_GOOD + "  - {macro: X, in: drv}\nafter: [b]\n", "a.yaml:1:1", "does not exist"),
        ("!foo {id: a}\n", "a.yaml:1:1", "tag"),
        (_GOOD + "  - {macro: [], in: drv}\n", "a.yaml:5:", "empty"),
        (_GOOD + "  - {calls: foo, in: drv}\n", "a.yaml:5:", "a call of a named function"),
        (_GOOD + "  - {calls: '$F(x)', in: drv}\n", "a.yaml:5:", "a call of a named function"),
        (_GOOD + "  - {contains: int x, in: drv:f}\n", "a.yaml:5:", "not one expression"),
        (_GOOD + "  - {guard: f(), in: drv:g, when: '1'}\n", "a.yaml:5:", "no constant"),
        (_GOOD + "  - {guard: f(), in: drv:g, when: return a;}\n", "a.yaml:5:", "not a condition"),
        (_GOOD + f"  - {{guard: f(), in: drv:g, when: '{'!' * 3000}x'}}\n", "a.yaml", "deep"),
        (
            _GOOD + f"  - {{guard: f(), in: drv:g, when: {' && '.join('abcdefgh')}}}\n",
            "a.yaml:5:",
            "more than",
        ),
        (_GOOD + "  - {guard: f(), in: 'drv:|', when: x}\n", "a.yaml:5:", "no list of functions"),
        (_GOOD + "  - {kconfig: X, in: drv, implies: Y}\n", "a.yaml:5:", "that kind of file"),
        (_GOOD + "  - {macro: X, in: drv}\n  - {file: /etc/passwd}\n", "a.yaml:6:", "stays below"),
        (_GOOD + "  - {macro: X, in: drv}\n  - {no-file: a/../../b}\n", "a.yaml:6:", "stays below"),
        (b"id: \xff\n", "a.yaml", "not UTF-8"),
        ("a: " + "[" * 2000 + "]" * 2000, "a.yaml", "deep"),
        ("x" * 300_000, "a.yaml", "too large"),
        ("!!python/object/apply:os.system [echo]\n", "a.yaml:1:1", "tag"),
        ("id: a\0b\n", "a.yaml", "not YAML"),
    ],
)
def test_mistake(tmp_path: Path, step: str | bytes, place: str, says: str) -> None:
    """The message names the place and the mistake, and the status is that of a bad rule."""
    with pytest.raises(RuleError) as caught:
        load_pack(_folder(tmp_path, step))
    assert place in str(caught.value)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == ExitCode.BAD_RULE


@pytest.mark.parametrize(
    ("pack", "says"),
    [
        ("schema: 2\nid: p\ntitle: t\nfiles: {}\n", "schema 2 is not supported"),
        ("id: p\ntitle: t\nfiles: {}\n", "'schema' is missing"),
        ("schema: 1\nid: p\ntitle: t\nfiles: {f: {paths: [/etc/passwd]}}\n", "stays below"),
        ("schema: 1\nid: p\ntitle: t\nfiles: {f: {paths: [../x.c]}}\n", "stays below"),
        ("schema: 1\nid: p\ntitle: t\nfiles: []\n", "mapping"),
        ("schema: 1\nid: p\ntitle: t\nfiles: {f: {paths: []}}\n", "at least one path"),
        ("schema: 1\nid: p\ntitle: t\nfiles: {f: {paths: [a.c], under: ../..}}\n", "stays below"),
        (
            "schema: 1\nid: p\ntitle: t\nmakefiles: /etc\nfiles: {f: {paths: [a.c]}}\n",
            "stays below",
        ),
        ("schema: 1\nid: p\ntitle: t\nfiles: {f: {paths: [a.c], included-by: g}}\n", "no other"),
        ("schema: 1\nid: p\ntitle: t\nfiles: {f: {paths: [a.c], otherwise: f}}\n", "no other"),
    ],
)
def test_bad_pack(tmp_path: Path, pack: str, says: str) -> None:
    """A pack of another schema, or that reaches out of the tree, is refused."""
    with pytest.raises(RuleError, match=says):
        load_pack(_folder(tmp_path, _GOOD + "  - {macro: X, in: f}\n", pack))


def test_every_mistake_is_collected(tmp_path: Path) -> None:
    """`rules check` sees all mistakes, not only the first."""
    folder = _folder(tmp_path, "id: a\n")
    (folder / "steps" / "b.yaml").write_text("id: b\n")
    (folder / "steps" / "c.yaml").write_text(
        _GOOD.replace("id: a", "id: c") + "  - {macro: X, in: drv}\n"
    )
    mistakes: list[RuleError] = []
    pack = load_pack(folder, on_error=mistakes.append)
    assert len(mistakes) == 2
    assert [s.id for s in pack.steps] == ["c"]


def test_missing_file_is_one_line(tmp_path: Path) -> None:
    """A rule file that cannot be read is named."""
    with pytest.raises(RuleError, match=r"no\.yaml: cannot be read"):
        load_yaml(tmp_path / "no.yaml")


def test_steps_sort_as_people_count() -> None:
    """1.2 comes before 1.10, and 1.6.2a before 1.6.2b before 1.7."""
    ids = ["1.10", "1.2", "x.export", "1.6.2b", "1.7", "1.6.2a", "1.6.1", "3a", "2.2a"]
    expected = ["1.2", "1.6.1", "1.6.2a", "1.6.2b", "1.7", "1.10", "2.2a", "3a", "x.export"]
    assert sorted(ids, key=step_order) == expected


def test_rule_that_is_no_file(tmp_path: Path) -> None:
    """A rule that is a pipe or an endless device is refused, not waited for."""
    folder = _folder(tmp_path, "")
    step = folder / "steps" / "a.yaml"
    for make in (lambda: os.mkfifo(step), lambda: step.symlink_to("/dev/zero")):
        step.unlink()
        make()
        with pytest.raises(RuleError, match="not a regular file"):
            load_pack(folder)
