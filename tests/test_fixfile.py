# SPDX-License-Identifier: GPL-2.0-only
"""Every mistake in a fix is shown at file:line:column; every edit refuses what would be a guess."""

from pathlib import Path

import pytest

from lpae_backport.errors import ExitCode, RuleError
from lpae_backport.filetree import MemoryTree
from lpae_backport.rule import Op
from lpae_backport.ruleset import load_pack
from lpae_backport.series import Planner

_PACK = """schema: 1
id: p
title: t
files:
  drv: {paths: [drivers/x.c]}
  hdr: {paths: [include/linux/x.h]}
  kconfig: {paths: [Kconfig]}
"""
_STEP = "id: a\ntitle: t\nwhy: w\nchecks:\n  - {macro: DONE, in: drv}\nfix:\n"


def _folder(where: Path, step: str, pack: str = _PACK) -> Path:
    (where / "steps").mkdir(parents=True)
    (where / "pack.yaml").write_text(pack)
    (where / "steps" / "a.yaml").write_text(step)
    return where


@pytest.mark.parametrize(
    ("edit", "place", "says"),
    [
        ("copy: f", "a.yaml:7:5", "'in' is missing"),
        ("copi: f, in: drv", "a.yaml:7:5", "did you mean 'copy'"),
        ("copy: f, delete: g(), in: drv", "a.yaml:7:5", "exactly one kind"),
        ("copy: f, in: drvv", "a.yaml:7:", "did you mean 'drv'"),
        ("replace: f(), in: drv", "a.yaml:7:5", "'with' is missing"),
        ("replace: 'f(', with: x, in: drv", "a.yaml:7:15", "not one expression"),
        ("replace: f($A), with: g($B), in: drv", "a.yaml:7:", "nothing gives $B a value"),
        ("branch: f();, if: x, in: drv", "a.yaml:7:5", "'else' is missing"),
        ("guard: f();, if: x, in: drv", "a.yaml:7:5", "needs a function"),
        ("statements: f();, until: g();, in: 'drv:h'", "a.yaml:7:5", "come from the reference"),
        ("move: ../x.h, to: include/x.h, under: [a]", "a.yaml:7:", "below the kernel's root"),
        ("move: a/x.h, to: /etc/passwd, under: [a]", "a.yaml:7:", "below the kernel's root"),
        ("copy: f, in: drv, when: {macro: X}", "a.yaml:7:", "'in' is missing"),
        ("copy: f, in: drv, adapt: [{replace: f()}]", "a.yaml:7:", "belong together"),
        ("copy: f, in: drv, adapt: [{with: f()}]", "a.yaml:7:", "an adaptation is one of"),
        ("copy: f, in: drv, adapt: [{replace: $A + b, with: $C}]", "a.yaml:7:", "nothing gives $C"),
    ],
)
def test_mistakes(tmp_path: Path, edit: str, place: str, says: str) -> None:
    """Each is a RuleError that points at its place."""
    with pytest.raises(RuleError) as e:
        load_pack(_folder(tmp_path, f"{_STEP}  - {{{edit}}}\n"))
    assert place in str(e.value)
    assert says in str(e.value)
    assert e.value.exit_code == ExitCode.BAD_RULE


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ("series:\n  - {steps: [b], subject: s}\n", "no step 'b'"),
        ("series:\n  - {steps: [a]}\n", "'subject' is missing"),
        ("reach:\n  cfg: [{struct: s, as: $V}]\n", "no name of a metavariable"),
        ("reach:\n  CFG: [{struct: s}]\n", "'as' is missing"),
        ("tidy: {nothing: [f]}\n", "unknown key"),
        ("adapt:\n  - {delete: 'f('}\n", "not one expression"),
    ],
)
def test_mistakes_in_a_pack(tmp_path: Path, extra: str, says: str) -> None:
    """What all fixes share is checked as well."""
    with pytest.raises(RuleError) as e:
        load_pack(_folder(tmp_path, f"{_STEP}  - {{copy: DONE, in: drv}}\n", _PACK + extra))
    assert "pack.yaml:" in str(e.value)
    assert says in str(e.value)


_HEAD = "#include <linux/x.h>\n\n#define FIRST 1\n"
_NEW = {
    "drivers/x.c": b"#include <linux/x.h>\n\n#define FIRST 1\n#define DONE 2\n\nint g(int a)\n{\n\treturn a;\n}\n",
    "include/linux/x.h": b"struct s {\n\tint old;\n\tint fresh;\n};\nextern int far;\n",
    "Kconfig": b"config X\n\tdepends on A || B\n",
}


def _series(tmp_path: Path, edits: str, old: str, header: str = "struct s {\n\tint old;\n};\n"):
    """Plan the fix of a one-step pack for a small tree."""
    step = _STEP.replace("macro: DONE, in: drv", "file: drivers/x.c")
    step = step.replace("{file: drivers/x.c}", "{file: drivers/x.c}\n  - {macro: DONE, in: drv}")
    pack = load_pack(_folder(tmp_path, f"{step}  - {{copy: DONE, in: drv}}\n{edits}"))
    files = {
        "drivers/x.c": old.encode(),
        "include/linux/x.h": header.encode(),
        "Kconfig": b"config X\n\tdepends on A || B\n",
    }
    planner = Planner(MemoryTree(files), MemoryTree(_NEW), pack, pack.steps)
    return planner.run(lambda: None)


def _made(tmp_path: Path, edits: str, old: str, name: str = "drivers/x.c", **more: str) -> str:
    plan = _series(tmp_path, edits, old, **more)
    assert plan.manual == [], plan.manual[0].reason
    data = plan.patches[0].files[name]
    assert data is not None
    return data.decode()


def _refused(tmp_path: Path, edits: str, old: str, **more: str) -> str:
    plan = _series(tmp_path, edits, old, **more)
    assert plan.patches == []
    return plan.manual[0].reason


_F = "\nint f(struct s *p)\n{\n\tint a = p->old;\n\n\t/* Why. */\n\twork(a);\n\treturn a;\n}\n"


@pytest.mark.parametrize(
    ("edit", "old", "wanted"),
    [
        ("replace: work($A);, with: 'play($A, 1);'", "\twork(a);", "\tplay(a, 1);"),
        ("replace: $P.old, with: $P.fresh", "p->old", "p->fresh"),
        ("delete: work($A);", "\t/* Why. */\n\twork(a);\n", ""),
        ("guard: work($A);, if: $A", "\twork(a);", "\tif (a)\n\t\twork(a);"),
        ("insert: more();, behind: work($A);", "\twork(a);\n", "\twork(a);\n\tmore();\n"),
    ],
)
def test_edits_of_statements(tmp_path: Path, edit: str, old: str, wanted: str) -> None:
    """Exactly the statement changes; the lines around it stay as they are."""
    text = "int play(int, int);\nint more(void);\nint work(int);\n" + _HEAD + _F
    header = "struct s {\n\tint old;\n\tint fresh;\n};\n"
    got = _made(tmp_path, f"  - {{{edit}, in: drv:f}}\n", text, header=header)
    assert got == text.replace("FIRST 1\n", "FIRST 1\n#define DONE 2\n").replace(old, wanted)


@pytest.mark.parametrize(
    ("edit", "old", "says"),
    [
        ("replace: nothing($A);, with: x();", _F, "no nothing($A); in f"),
        ("replace: work($A);, with: undefined($A);", _F, "would use undefined"),
        ("replace: work($A);, with: work(other);", _F, "would use other"),
        ("replace: work($A);, with: 'g($A, 2);'", _F, "would call g with 2 arguments"),
        ("guard: work($A);, if: x", _F.replace("\twork", "\twork(1);\n\twork"), "more than one"),
        *(
            (edit, _F.replace("\twork", "\tif (a)\n\t\twork"), "no braces around it")
            for edit in (
                "guard: work($A);, if: $A",
                "insert: more();, behind: work($A);",
                "branch: work($A);, if: $A, else: [{replace: $A, with: $A}]",
            )
        ),
        (
            "delete: work($A);",
            _F.replace("\twork", "\tif (a)\n\t\twork"),
            "stands under a condition",
        ),
        ("replace: work($A);, with: x();", _F.replace("(a);", "(a); a++;"), "more than one statem"),
    ],
)
def test_edits_that_refuse(tmp_path: Path, edit: str, old: str, says: str) -> None:
    """Absent, ambiguous or unsound: the step is left to a person, with the reason."""
    text = "int work(int);\nint g(int a)\n{\n\treturn a;\n}\n" + _HEAD + old
    assert says in _refused(tmp_path, f"  - {{{edit}, in: drv:f}}\n", text)


@pytest.mark.parametrize(
    ("edit", "name", "wanted"),
    [
        ("field: fresh, of: s, in: hdr", "include/linux/x.h", "struct s {\n\tint old;\n\tint fresh;\n};\n"),
        ("kconfig: X, replace-token: B, with: (B && !C), in: kconfig", "Kconfig", "config X\n\tdepends on A || (B && !C)\n"),
        ("export: f, in: drv", "drivers/x.c", _HEAD + "#define DONE 2\n" + _F + "EXPORT_SYMBOL_GPL(f);\n"),
        ("include: linux/a.h, in: drv", "drivers/x.c", "#include <linux/a.h>\n" + _HEAD + "#define DONE 2\n" + _F),
        ("copy: g, in: drv", "drivers/x.c", _HEAD + "#define DONE 2\n\nint g(int a)\n{\n\treturn a;\n}\n" + _F),
    ],
)  # fmt: skip
def test_edits_of_declarations(tmp_path: Path, edit: str, name: str, wanted: str) -> None:
    """Each thing goes where the reference, or the order of its kind, has it."""
    assert _made(tmp_path, f"  - {{{edit}}}\n", _HEAD + _F, name) == wanted


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ("field: fresh, of: t, in: hdr", "definitions of struct t"),
        ("field: none, of: s, in: hdr", "has no none"),
        ("enumerator: A, of: e, before: [B], in: hdr", "definitions of enum e"),
        ("kconfig: X, replace-token: C, with: D, in: kconfig", "stands 0 times"),
        ("kconfig: Y, replace-token: C, with: D, in: kconfig", "no config Y"),
        ("copy: nowhere, in: drv", "the reference has no nowhere"),
        ("declaration: nowhere, in: hdr", "does not declare nowhere"),
        ("entry: .x, of: o, value: '1', in: drv", "0 initializers of o"),
        ("export: nowhere, in: drv", "0 definitions of nowhere"),
        ("move: include/linux/x.h, to: drivers/x.c, under: [drivers]", "is there already"),
    ],
)
def test_declarations_that_refuse(tmp_path: Path, edit: str, says: str) -> None:
    """No place for it, or more than one."""
    assert says in _refused(tmp_path, f"  - {{{edit}}}\n", _HEAD + _F)


def test_a_function_of_the_vendors_own_is_not_replaced(tmp_path: Path) -> None:
    """What the reference's form would lose keeps a function from being replaced by it."""
    own = "\nint g(int a)\n{\n\tvendor_hook(a);\n\treturn a;\n}\n"
    edit = "  - {copy: g, in: drv, replacing: true}\n"
    assert "lose: vendor_hook" in _refused(tmp_path, edit, _HEAD + own)
    lost = "  - {copy: g, in: drv, replacing: true, loses: [vendor_hook]}\n"
    assert "vendor_hook" not in _made(tmp_path / "b", lost, _HEAD + own)


def test_every_kind_of_edit_is_used_or_tested(pack) -> None:
    """No kind of edit is there that nothing proves."""
    used = {e.op for s in pack.steps for e in s.fix}
    assert set(Op) - used <= {Op.REMOVE}


_QUIRKY = """#include <linux/x.h>

#define FIRST 1

bool hw(void);
void use(struct s *);

void f(void)
{
\tunsigned long quirks = 0;
\tstruct s cfg;

\tif (hw())
\t\tquirks |= BIT_OF_OLD;
\tcfg = (struct s) {
\t\t.old\t\t= quirks,
\t};
\tif (cfg.old & BIT_OF_OLD)
\t\tuse(&cfg);
}
"""


def test_a_quirk_that_is_gathered_in_a_local(tmp_path: Path) -> None:
    """The local gets a companion, which goes into the initializer beside it."""
    header = "struct s {\n\t#define BIT_OF_OLD 4\n\tint old;\n\tbool fresh;\n};\n"
    edit = "  - {convert: BIT_OF_OLD, to: fresh, of: s, in: hdr, under: [drivers]}\n"
    got = _made(tmp_path, edit, _QUIRKY, header=header)
    assert "\tunsigned long quirks = 0;\n\tbool fresh = false;\n" in got
    assert "\tif (hw())\n\t\tfresh = true;\n" in got
    assert "\t\t.old\t\t= quirks,\n\t\t.fresh\t\t= fresh,\n" in got
    assert "\tif (cfg.fresh)\n" in got


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\t\t.old\t\t= quirks,\n", "\t\t.old\t\t= 0,\n"),
        ("\tif (hw())", "\tuse((void *)quirks);\n\tif (hw())"),
        ("\tstruct s cfg;", "\tstruct s cfg;\n\tbool fresh;"),
    ],
)
def test_a_quirk_that_goes_elsewhere(tmp_path: Path, old: str, new: str) -> None:
    """Where the local does more than that, nobody can tell what becomes of the bit."""
    header = "struct s {\n\t#define BIT_OF_OLD 4\n\tint old;\n\tbool fresh;\n};\n"
    edit = "  - {convert: BIT_OF_OLD, to: fresh, of: s, in: hdr, under: [drivers]}\n"
    assert "quirks" in _refused(tmp_path, edit, _QUIRKY.replace(old, new), header=header)
