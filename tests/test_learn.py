# SPDX-License-Identifier: GPL-2.0-only
"""Learning a pack of rules from a patch: what it tells, its proof, the folder it writes."""

import difflib
import json
from pathlib import Path

import pytest

from lpae_backport.audit import audit_step
from lpae_backport.cases import run_cases
from lpae_backport.filetree import FileTree, MemoryTree
from lpae_backport.finding import State, Verdict
from lpae_backport.format.learn import FORMATS
from lpae_backport.layout import Layout
from lpae_backport.learning.lesson import Lesson
from lpae_backport.learning.teaching import learn
from lpae_backport.mailpatch.bundle import parse
from lpae_backport.ruleset import load_pack
from tests.git import commit, git

_FILE = "drivers/demo/demo.c"
_BASE = """#include <linux/kernel.h>

enum demo_fmt {
	DEMO_A,
	DEMO_NUM,
};

struct demo_cfg {
	int size;
};

static const struct demo_id demo_ids[] = {
	DEMO_DEVICE(0x10, 1),
	{ },
};

static int demo_map(struct demo_cfg *cfg, void *page)
{
	dma_map(page, cfg->size);
	demo_trace(page, "mapped");
	return 0;
}
"""


def _patch(before: dict[str, str], after: dict[str, str]) -> bytes:
    """Write the difference of two small trees as git does."""
    parts = ["From: A <a@example.org>\nSubject: [PATCH] demo: learn of it\n\nWhy.\n---\n"]
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) == after.get(path):
            continue
        old, new = f"a/{path}", f"b/{path}"
        parts.append(f"diff --git {old} {new}\n")
        parts.append("new file mode 100644\n" if path not in before else "")
        parts.append("deleted file mode 100644\n" if path not in after else "")
        lines = difflib.unified_diff(
            before.get(path, "").splitlines(keepends=True),
            after.get(path, "").splitlines(keepends=True),
            old if path in before else "/dev/null",
            new if path in after else "/dev/null",
        )
        parts.append("".join(lines))
    return "".join(parts).encode()


def _tree(files: dict[str, str]) -> FileTree:
    return MemoryTree({k: v.encode() for k, v in files.items()})


def _learned(before: dict[str, str], after: dict[str, str], old: FileTree | None = None) -> Lesson:
    return learn(parse(_patch(before, after), "demo.patch", None), _tree(after), old)


def _change(old: str, new: str) -> Lesson:
    assert old in _BASE
    return _learned({_FILE: _BASE}, {_FILE: _BASE.replace(old, new)})


def _rules(lesson: Lesson) -> list[dict]:
    return [{k: v for k, v in f.raw.items() if k not in ("id", "in")} for f in lesson.facts]


def _write(lesson: Lesson, folder: Path) -> Path:
    for path, text in lesson.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def test_enumerator() -> None:
    """A new enumerator is told by its name."""
    lesson = _change("\tDEMO_A,\n", "\tDEMO_A,\n\tDEMO_LPAE,\n")
    assert _rules(lesson) == [{"enumerator": "DEMO_LPAE", "of": "demo_fmt"}]


def test_field_and_guard_with_metavariables() -> None:
    """What a new field guards is told by the condition, whatever the local is called."""
    after = _BASE.replace("\tint size;\n", "\tint size;\n\tbool coherent;\n").replace(
        "\tdma_map(page, cfg->size);\n", "\tif (!cfg->coherent)\n\t\tdma_map(page, cfg->size);\n"
    )
    lesson = _learned({_FILE: _BASE}, {_FILE: after})
    assert {"field": "coherent", "of": "demo_cfg"} in _rules(lesson)
    assert {"guard": "dma_map($$$)", "when": "!$CFG->coherent"} in _rules(lesson)


def test_early_exit() -> None:
    """What an early return spares is guarded by the opposite condition."""
    lesson = _change(
        "\tdma_map(page", "\tif (cfg->coherent)\n\t\treturn demo_none(page);\n\tdma_map(page"
    )
    assert {"contains": "demo_none($$$)"} in _rules(lesson)
    assert any(r.get("when") == "!($CFG->coherent)" for r in _rules(lesson))


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("\treturn 0;", "\tdemo_flush(cfg);\n\treturn 0;", {"contains": "demo_flush($$$)"}),
        (
            "cfg->size);",
            "cfg->size + DEMO_PAD);",
            {"contains": "dma_map($_, $CFG->size + DEMO_PAD)"},
        ),
        ("\treturn 0;", "\treturn -EINVAL;", {"contains": "return -EINVAL;"}),
        ("\treturn 0;", "\tcfg->size = 1;\n\treturn 0;", {"contains": "$CFG->size = $_"}),
        ("(0x10, 1),", "(0x10, 1),\n\tDEMO_DEVICE(0x20, 1),", {"contains": "DEMO_DEVICE(0x20, 1)"}),
        ("static int demo_map(", "int demo_map(", {"function": "demo_map", "head": None}),
        ("enum demo_fmt", "#define DEMO_BIT 4\nenum demo_fmt", {"macro": "DEMO_BIT"}),
        (
            "static int demo_map",
            "int demo_n(int a);\nstatic int demo_map",
            {"declaration": "demo_n"},
        ),
        ("*page)\n{", "*page, int n)\n{", {"function": "demo_map", "params": "3"}),
        ("\tint size;", "\tlong size;", {"field": "size", "head": "long size"}),
        ("const struct demo_id", "struct demo_id", {"declaration": "demo_ids", "head": None}),
        ("(0x10, 1)", "(0x11, 1)", {"contains": "DEMO_DEVICE(0x11, 1)"}),
        ("static int d", 'DEMO_ALIAS("x");\nstatic int d', {"calls": "DEMO_ALIAS($$$)"}),
        ("<linux/kernel.h>", "<linux/kernel.h>\n#include <linux/io.h>", {"include": "linux/io.h"}),
    ],
)
def test_change(old: str, new: str, rule: dict) -> None:
    """Each kind of change becomes the check that tells it."""
    found = _rules(_change(old, new))
    wanted = {k: v for k, v in rule.items() if v is not None}
    assert any(wanted.items() <= r.items() and rule.keys() <= r.keys() for r in found), found


def test_code_under_an_option() -> None:
    """What stands under an option is told with the option."""
    lesson = _change("\treturn 0;", "#ifdef CONFIG_DEMO\n\tdemo_hook(page);\n#endif\n\treturn 0;")
    assert {"contains": "demo_hook($$$)", "config": "CONFIG_DEMO"} in _rules(lesson)


def test_removal_is_told_by_what_stands_together_now() -> None:
    """What only goes is told by its neighbours, and by its absence."""
    lesson = _change('\tdemo_trace(page, "mapped");\n', "")
    assert _rules(lesson) == [
        {"contains": "{ $$$; dma_map($$$); return 0; $$$; }"},
        {"lacks": "demo_trace($$$)"},
    ]


def test_words() -> None:
    """What a check asks is told in a line of English."""
    after = _BASE.replace(
        "\tdma_map(page, cfg->size);\n", "\tif (!cfg->size)\n\t\tdma_map(page, cfg->size);\n"
    )
    after += "\nint demo_n(int a)\n{\n\treturn a;\n}\n"
    text = FORMATS["text"](_learned({_FILE: _BASE}, {_FILE: after}), None, 0)
    assert "there is a function demo_n with 1 parameter\n" in text
    assert "demo_map does dma_map($$$) exactly when !$CFG->size\n" in text


def test_order() -> None:
    """Statements that change places are told by the place."""
    lesson = _change(
        '\tdma_map(page, cfg->size);\n\tdemo_trace(page, "mapped");\n',
        '\tdemo_trace(page, "mapped");\n\tdma_map(page, cfg->size);\n',
    )
    assert _rules(lesson) == [{"contains": "{ demo_trace($$$); $$$; }"}]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\treturn 0;", "\t/* fine */\n\treturn 0;"),
        ("\tdma_map(page, cfg->size);", "\tdma_map(page,\n\t\tcfg->size);"),
        ("#include <linux/kernel.h>\n", ""),
        ("\tDEMO_A,\n", ""),
    ],
)
def test_nothing_to_tell(old: str, new: str) -> None:
    """What the rule language cannot say makes no pack, and the reason is told."""
    lesson = _change(old, new)
    assert not lesson.files
    assert not lesson.steps
    assert lesson.gaps
    assert all(g.why for g in lesson.gaps)


def test_absence_alone_is_no_pack() -> None:
    """A step that only forbids would hold in an empty tree."""
    gone = _BASE + "\nstatic void demo_old(void)\n{\n}\n"
    lesson = _learned({_FILE: gone}, {_FILE: _BASE})
    assert not lesson.files


def test_kconfig_and_new_file() -> None:
    """A new symbol is told by what it depends on, a new file by what it defines."""
    before = {"drivers/demo/Kconfig": "config OLD\n\tbool\n\tdepends on ARM\n", _FILE: _BASE}
    after = before | {
        "drivers/demo/Kconfig": before["drivers/demo/Kconfig"]
        + "\nconfig DEMO\n\tbool\n\tdepends on ARM && OF\n",
        "drivers/demo/new.c": "int demo_probe(int a)\n{\n\treturn a;\n}\n",
    }
    rules = _rules(_learned(before, after))
    assert {"kconfig": "DEMO", "implies": "ARM && OF"} in rules
    assert {"function": "demo_probe", "params": "1"} in rules


def _rich() -> tuple[dict[str, str], dict[str, str]]:
    after = _BASE.replace("\tint size;\n", "\tint size;\n\tbool coherent;\n").replace(
        "\treturn 0;", "\tdemo_flush(cfg, page);\n\treturn cfg->coherent;"
    )
    return {_FILE: _BASE}, {_FILE: after}


def test_proof(tmp_path: Path) -> None:
    """The pack as written: its cases pass, it is done with the patch and open without."""
    before, after = _rich()
    pack = load_pack(_write(_learned(before, after), tmp_path))
    for step in pack.steps:
        assert all(r.passed for r in run_cases(pack, step))
        assert audit_step(step, Layout(_tree(after), pack)).verdict is Verdict.DONE
        without = audit_step(step, Layout(_tree(before), pack))
        assert {c.state for c in without.checks} == {State.UNMET}


def test_check_that_holds_in_old_is_left_out() -> None:
    """What OLD has already proves nothing."""
    before, after = _rich()
    half = {_FILE: _BASE.replace("\tint size;\n", "\tint size;\n\tbool coherent;\n")}
    rules = _rules(_learned(before, after, _tree(half)))
    assert {"field": "coherent", "of": "demo_cfg"} not in rules
    assert {"contains": "demo_flush($$$)"} in rules


def test_new_has_moved_on() -> None:
    """Lines above and around the patch that came later do not matter."""
    before, after = _rich()
    later = {
        _FILE: "/* a\n * head\n */\n" + after[_FILE].replace("\tDEMO_A,\n", "\tDEMO_A,\n\tB,\n")
    }
    lesson = learn(parse(_patch(before, after), "demo.patch", None), _tree(later))
    assert {"contains": "demo_flush($$$)"} in _rules(lesson)
    assert {"enumerator": "B", "of": "demo_fmt"} not in _rules(lesson)


def test_series_is_taken_back_as_a_whole() -> None:
    """Patches over the same lines are undone last first."""
    one, two = _rich()
    three = {_FILE: two[_FILE].replace("demo_flush(cfg, page)", "demo_flush(cfg, page, DEMO_ALL)")}
    patches = [
        *parse(_patch(one, two), "1.patch", None),
        *parse(_patch(two, three), "2.patch", None),
    ]
    assert {"contains": "demo_flush($$$)"} in _rules(learn(patches, _tree(three)))


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A repository with a small kernel: the patch is its last commit."""
    top = tmp_path / "linux"
    for path in ("drivers/demo", "include/linux"):
        (top / path).mkdir(parents=True)
    (top / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\n")
    (top / "include/linux/kernel.h").write_text("#define KERNEL 1\n")
    before, after = _rich()
    (top / _FILE).write_text(before[_FILE])
    commit(top, "old")
    (top / _FILE).write_text(after[_FILE])
    commit(top, "demo: flush")
    return top


def test_command(run, demo: Path, tmp_path: Path) -> None:
    """The pack is written, is right, and tells the two revisions apart."""
    out = tmp_path / "pack"
    first = run("learn", f"{demo}@HEAD", "--new", demo, "-o", out)
    assert first.status == 0, first.err
    assert "without it none does" in first.out
    assert run("rules", "check", out).status == 0
    assert run("rules", "test", out).status == 0
    assert run("compare", f"{demo}@HEAD~1", demo, "--rules", out).status == 1
    assert run("compare", demo, demo, "--rules", out).status == 0


def test_command_with_mail_and_json(run, demo: Path, tmp_path: Path) -> None:
    """A mail does as well; JSON holds all that is written."""
    mail = tmp_path / "x.patch"
    mail.write_text(git(demo, "format-patch", "-1", "--stdout") + "\n")
    done = run("learn", mail, "--new", demo, "--old", f"{demo}@HEAD~1", "--format", "json")
    assert done.status == 0, done.err
    data = json.loads(done.out)
    assert data["schema"] == "lpae-audit/learn/1"
    assert data["written"] is None
    assert {"pack.yaml", "steps/1.yaml", "cases/1.yaml", "README.md"} <= data["files"].keys()
    for step in data["steps"]:
        assert step["with"] == "done"
        assert step["without"] in ("missing", "partial")
        assert all(c["without"]["state"] == "unmet" for c in step["checks"])


def test_folder_is_kept(run, demo: Path, tmp_path: Path) -> None:
    """A pack is replaced only when told to, anything else never."""
    out = tmp_path / "pack"
    assert run("learn", f"{demo}@HEAD", "--new", demo, "-o", out).status == 0
    (out / "steps/1.yaml").write_text("mine\n")
    assert run("learn", f"{demo}@HEAD", "--new", demo, "-o", out).status == 2
    assert (out / "steps/1.yaml").read_text() == "mine\n"
    assert run("learn", f"{demo}@HEAD", "--new", demo, "-o", out, "--force").status == 0
    assert run("rules", "check", out).status == 0
    (out / "notes.txt").write_text("mine\n")
    assert run("learn", f"{demo}@HEAD", "--new", demo, "-o", out, "--force").status == 2
    assert (out / "notes.txt").read_text() == "mine\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["linux", "pack"]


def test_statuses(run, demo: Path, tmp_path: Path) -> None:
    """1 where nothing can be told, 4 for what is no patch; nothing is left behind."""
    text = tmp_path / "notes.txt"
    text.write_text("no patch\n")
    out = tmp_path / "pack"
    assert run("learn", text, "--new", demo, "-o", out).status == 4
    assert run("learn", f"{demo}@HEAD", "--new", f"{demo}@HEAD~1", "-o", out).status == 1
    assert run("learn", tmp_path / "none", "--new", demo).status == 4
    assert not out.exists()


def test_same_bytes(demo: Path, run) -> None:
    """The same patch gives the same report."""
    texts = {run("learn", f"{demo}@HEAD", "--new", demo).out for _ in range(2)}
    assert len(texts) == 1


def test_commit_is_named_where_it_is_known(run, demo: Path) -> None:
    """A step names its commit if the user did."""
    head = git(demo, "rev-parse", "HEAD")
    done = run("learn", f"{demo}@{head}", "--new", demo, "--format", "json")
    assert head in json.loads(done.out)["files"]["steps/1.yaml"]


def test_commit_of_a_mail_is_named(run, demo: Path, tmp_path: Path) -> None:
    """A mail of format-patch says what commit it is of; one with zeros, or of a series, does not."""
    head = git(demo, "rev-parse", "HEAD")
    mail = git(demo, "format-patch", "-1", "--stdout")
    for name, text, is_told in (
        ("one.patch", f"{mail}\n", True),
        ("zero.patch", f"{mail}\n".replace(head, "0" * 40), False),
        (
            "box.patch",
            f"{mail}\n".replace("Mon Sep 17 00:00:00 2001", "Tue Feb 1 10:00:00 2022"),
            False,
        ),
    ):
        (tmp_path / name).write_text(text)
        done = run("learn", tmp_path / name, "--new", demo, "--format", "json")
        step = json.loads(done.out)["files"]["steps/1.yaml"]
        assert (f"sha: {head}" in step or f"sha: '{head}'" in step) == is_told
        assert ("commits:" in step) == is_told
