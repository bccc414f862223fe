# SPDX-License-Identifier: GPL-2.0-only
"""Forms that definitions have in real kernels, each seen to be told wrongly once."""

from pathlib import Path

from lpae_backport.needs.need import Status
from tests.test_needs import A, assess, call, judged, need, write

FORWARD = "struct clk;\n"


def test_a_private_header_that_is_reached_wins_over_a_public_one(tmp_path: Path) -> None:
    """What another driver's public header calls so is not what the code includes."""
    code = '#include "../b/port.h"\n' + call("int v = PORT_POWER;")
    files = {A: "struct a;\n", "drivers/gpu/b/port.h": "#define PORT_POWER (1 << 9)\n"}
    files["include/linux/ehci.h"] = "#define PORT_POWER (1 << 12)\n"
    found = need(assess(tmp_path, code, files, files), "PORT_POWER")
    assert found.status is Status.SAME
    assert found.old is not None
    assert found.old.file == "drivers/gpu/b/port.h"


def test_an_opaque_struct_is_the_one_its_header_tells_of(tmp_path: Path) -> None:
    """Not the struct of the same tag that a header for another machine defines."""
    files = {A: FORWARD, "include/linux/sh_clk.h": "struct clk {\n\tint rate;\n};\n"}
    found = need(assess(tmp_path, call("struct clk *c;"), files, files), "clk")
    assert found.status is Status.SAME
    assert found.old is not None
    assert found.old.file == A


def test_a_macro_may_stand_for_a_tag(tmp_path: Path) -> None:
    """``rcu_head`` is a macro for ``callback_head`` in every kernel."""
    header = "struct callback_head {\n\tint next;\n};\n#define rcu_head callback_head\n"
    found = assess(tmp_path, call("struct rcu_head h; h.next = 1;"), {A: header}, {A: header})
    assert found.unresolved == ()
    assert {n.status for n in found.needs} == {Status.SAME}
    assert need(found, "rcu_head.next").old is not None


def test_headers_under_different_options_are_alternatives(tmp_path: Path) -> None:
    """A function in one and a macro in the other, in both trees, is no difference."""
    new = {
        A: "#include <linux/rt.h>\n#include <linux/plain.h>\n",
        "include/linux/rt.h": "void unlock(int a);\n",
        "include/linux/plain.h": "#define unlock(a) do_unlock(a)\n",
    }
    old = {A: "#define unlock(a) do_unlock(a)\n"}
    found = need(assess(tmp_path, call("unlock(1);"), new, old), "unlock")
    assert found.status in (Status.SAME, Status.MOVED)
    assert found.new is not None
    assert found.new.file == "include/linux/plain.h"


def test_a_field_of_a_struct_within_is_another_field(tmp_path: Path) -> None:
    """It has moved only if the struct within has no name of its own."""
    new = {A: "struct card {\n\tint list;\n\tint rate;\n};\n"}
    within = "struct dapm {\n\tint list;\n};\nstruct card {\n\tstruct dapm dapm;\n"
    old = {A: within + "\tstruct {\n\t\tint rate;\n\t} own;\n};\n"}
    code = "void x_go(struct card *c)\n{\n\tc->list = c->rate;\n}\n"
    found = assess(tmp_path, f"#include <linux/a.h>\n{code}", new, old)
    assert need(found, "card.list").status is Status.MISSING
    rate = need(found, "card.rate")
    assert (rate.status, rate.how) == (Status.CHANGED, "moved to own.rate")


def test_a_field_is_told_by_its_own_line(tmp_path: Path) -> None:
    """Also where a comment names it first, or another field begins with its name."""
    header = "struct s {\n\tint a;\n\t/* b; is */\n\tint bb;\n\tint b[2];\n};\n"
    code = "#include <linux/a.h>\nint x_go(struct s *s)\n{\n\treturn s->b[0];\n}\n"
    found = need(assess(tmp_path, code, {A: header}, {A: header}), "s.b")
    assert (found.new and found.new.line, found.old and found.old.line) == (5, 5)


def test_signed_says_nothing(tmp_path: Path) -> None:
    """``signed long long`` is ``long long``."""
    old = {A: "typedef signed long long s_64;\n"}
    new = {A: "typedef long long s_64;\n"}
    found = need(assess(tmp_path, call("s_64 v;"), new, old), "s_64")
    assert found.status is Status.SAME


def test_what_the_compiler_brings_is_there(tmp_path: Path) -> None:
    """Old kernels take ``va_list`` from the compiler's own header."""
    new = {A: "#include <linux/stdarg.h>\n"}
    new["include/linux/stdarg.h"] = "typedef __builtin_va_list va_list;\n"
    far = {"include/acpi/acgcc.h": "typedef __builtin_va_list va_list;\n"}
    code = call("va_list ap;")
    found = need(assess(tmp_path, code, new, {A: "#include <stdarg.h>\n", **far}), "va_list")
    assert found.status is Status.SAME
    assert found.old is not None
    assert found.old.file == A


def test_what_is_linked_into_the_same_module_needs_no_export(tmp_path: Path) -> None:
    """A function that a source beside the code defines; one from elsewhere does need it."""
    header = {A: "int mine(void);\nint theirs(void);\n"}
    sources = {
        "drivers/gpu/x/part.c": "int mine(void)\n{\n\treturn 1;\n}\n",
        "drivers/core.c": "int theirs(void)\n{\n\treturn 1;\n}\n",
    }
    code = call("mine(); theirs();")
    new = write(tmp_path / "new", {**header, **sources, "drivers/gpu/x/x.c": code}, "6")
    old = write(tmp_path / "old", {**header, **sources})
    found = judged(new, old, "drivers/gpu/x/x.c")
    assert need(found, "mine").status is Status.SAME
    assert need(found, "theirs").status is Status.CHANGED
    assert "not exported" in need(found, "theirs").how
