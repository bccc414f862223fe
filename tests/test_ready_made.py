# SPDX-License-Identifier: GPL-2.0-only
"""What is ready to be used in the CI of a fork works: the action, the hook, README's GitLab job."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tests.conftest import ROOT

_ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
_STEPS = _ACTION["runs"]["steps"]
_HOOK = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())[0]
_PGTABLE = "drivers/iommu/io-pgtable-arm.c"
_GUARD = "\tif (!cfg->coherent_walk) {\n"
_NO_INDEX = "(from versions: none)"
"""What pip says of a package of which no index it can reach knows anything."""

_ENV = {
    **{k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PYTHON", "CI_"))},
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "PIP_RETRIES": "2",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.org",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.org",
}


def _call(*argv: object, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, argv)),
        cwd=cwd,
        env=_ENV | env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def _git(folder: Path, *args: object) -> str:
    done = _call("git", *args, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _commit(folder: Path, words: str) -> str:
    if not (folder / ".git").exists():
        _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all", "--force")
    _git(folder, "commit", "--quiet", "--no-verify", "--message", words)
    return _git(folder, "rev-parse", "HEAD")


def _once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], str]) -> Path:
    """Return a folder that one of the processes that test fills, or skip for the reason it gives.

    Args:
        factory: where folders for tests are made.
        name: the folder's.
        make: fills it; returns why it cannot, or nothing.
    """
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    place, said = base / name, base / f"{name}.txt"
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            place.mkdir()
            reason = make(place)
            said.write_text(reason)
    if said.read_text():
        pytest.skip(said.read_text())
    return place


def _break(kernel: Path) -> int:
    """Take the guard off a call; return the line that the call stands in."""
    path = kernel / _PGTABLE
    text = path.read_text()
    assert text.count(_GUARD) == 1
    path.write_text(text.replace(_GUARD, "\t{\n"))
    return text[: text.index(_GUARD)].count("\n") + 2


@pytest.fixture
def fork(tmp_path: Path, new: Path) -> Path:
    """A fork, committed, in which every step is done."""
    where = tmp_path / "fork"
    shutil.copytree(new, where)
    (where / ".lpae-audit.yaml").write_text("schema: 1\n")
    _commit(where, "all done")
    return where


# The action, step by step as a runner of GitHub takes it.


@dataclass
class Ran:
    """What an action came to: status, log, summary, and the outputs its caller sees."""

    status: int
    out: str
    err: str
    summary: str
    outputs: dict[str, str]


class Runner:
    """Runs steps of the action.

    Args:
        temp: the runner's folder for what is temporary.
        work: a folder of its own.
    """

    def __init__(self, temp: Path, work: Path) -> None:
        self._temp = temp
        self._files = [work / n for n in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")]
        for file in self._files:
            file.write_text("")
        self._script = work / "step.sh"

    def run(self, steps: list[dict], where: Path, given: dict[str, str]) -> Ran:
        """Run steps in a folder until one fails, with these inputs."""
        inputs = {k: v["default"] for k, v in _ACTION["inputs"].items()} | given
        env = {f.name: str(f) for f in self._files}
        env |= {"RUNNER_TEMP": str(self._temp), "GITHUB_ACTION_PATH": str(ROOT)}
        out = err = ""
        status = 0
        for step in steps:
            assert step["shell"] == "bash"
            own = {k: _filled(v, "inputs", inputs) for k, v in step["env"].items()}
            self._script.write_text(step["run"])
            argv = ("bash", "--noprofile", "--norc", "-eo", "pipefail", self._script)
            done = _call(*argv, cwd=where, **env, **own)
            out, err, status = out + done.stdout, err + done.stderr, done.returncode
            if status:
                break
        said = dict(line.split("=", 1) for line in self._files[0].read_text().splitlines())
        outputs = {
            k: _filled(v["value"], "steps.gate.outputs", said)
            for k, v in _ACTION["outputs"].items()
        }
        return Ran(status, out, err, self._files[1].read_text(), outputs)


def _filled(text: str, context: str, values: dict[str, str]) -> str:
    """Put in the values of expressions; those that are not there are empty, as on GitHub."""
    head = re.escape(context)
    text = re.sub(rf"\$\{{\{{ {head}\.([\w-]+) \}}\}}", lambda m: values.get(m[1], ""), text)
    assert "${{" not in text
    return text


@pytest.fixture
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runner's temporary folder behind the first step, which ran in a hostile tree."""

    def install(place: Path) -> str:
        temp, tree = place / "runner temp", place / "tree"
        for folder in (temp, tree):
            folder.mkdir()
        for name in ("venv", "pip", "ensurepip", "shlex", "os", "click"):
            (tree / f"{name}.py").write_text("open('pwned', 'w')\n")
        ran = Runner(temp, place).run(_STEPS[:1], tree, {})
        if _NO_INDEX in ran.err:
            return f"pip reaches no index: {ran.err.strip().splitlines()[-1]}"
        assert ran.status == 0, ran.err
        return ""

    return _once(tmp_path_factory, "action", install)


@pytest.fixture
def act(installed: Path, tmp_path: Path):
    """Run the action in a folder, behind its first step."""

    def call(where: Path, **given: str) -> Ran:
        work = tmp_path / f"run{len(list(tmp_path.glob('run*')))}"
        work.mkdir()
        return Runner(installed / "runner temp", work).run(_STEPS[1:], where, given)

    return call


def test_action_is_one() -> None:
    """The action is what the published schema says an action is."""
    schema = ("--builtin-schema", "vendor.github-actions")
    done = _call(sys.executable, "-m", "check_jsonschema", *schema, "action.yml")
    assert done.returncode == 0, done.stdout


def test_action_needs_no_input() -> None:
    """Every input has a default and reaches a step; every output comes from one."""
    env = [v for step in _STEPS for v in step["env"].values()]
    assert sorted(env) == sorted(f"${{{{ inputs.{name} }}}}" for name in _ACTION["inputs"])
    assert all("default" in i for i in _ACTION["inputs"].values())
    assert all(o["value"].startswith("${{ steps.gate.") for o in _ACTION["outputs"].values())


def test_action_puts_nothing_into_shell_text() -> None:
    """No expression stands in the text of a step; what a caller says comes by the environment."""
    for step in _STEPS:
        assert "${{" not in step["run"]
        assert step["run"].startswith("set -euo pipefail\n")


def test_action_passes(act, fork: Path) -> None:
    """A fork that has everything: status 0, a summary, SARIF, and outputs that say so."""
    ran = act(fork, sarif="out.sarif")
    assert (ran.status, ran.err) == (0, "")
    assert ran.outputs == {"passed": "true", "sarif": "out.sarif"}
    assert ran.summary.startswith("# gate passed")
    assert "::" not in ran.out
    assert json.loads((fork / "out.sarif").read_text())["runs"][0]["results"] == []


@pytest.mark.parametrize("folder", [".", "bsp/linux"])
def test_action_fails(act, fork: Path, tmp_path: Path, folder: str) -> None:
    """A guard that went: status 1, an error at its line as the repository has it, and outputs."""
    if folder != ".":
        whole = tmp_path / "whole"
        whole.mkdir()
        fork.rename(whole / "kernel")
        shutil.rmtree(whole / "kernel" / ".git")
        shutil.copytree(whole / "kernel", whole / folder)
        shutil.rmtree(whole / "kernel")
        _commit(whole, "all done")
        fork = whole
    line = _break(fork / folder)
    ran = act(fork, sarif="out.sarif")
    assert ran.status == 1
    path = _PGTABLE if folder == "." else f"{folder}/{_PGTABLE}"
    assert f"::error file={path},line={line}," in ran.out
    assert ran.outputs == {"passed": "false", "sarif": "out.sarif"}
    assert ran.summary.startswith("# gate failed: 1 finding")
    results = json.loads((fork / "out.sarif").read_text())["runs"][0]["results"]
    assert [r["ruleId"] for r in results] == ["mali-lpae/1.6.2a"]


def test_action_since(act, fork: Path) -> None:
    """What was so at the base fails nothing, and what came since does."""
    _break(fork)
    base = _commit(fork, "guard gone")
    assert act(fork).status == 1
    assert act(fork, since=base).outputs["passed"] == "true"
    header = fork / "include/linux/io-pgtable.h"
    header.write_text(header.read_text().replace("coherent_walk", "coherent"))
    ran = act(fork, since=base)
    assert ran.status == 1
    assert "::error file=include/linux/io-pgtable.h," in ran.out


def test_action_takes_the_other_inputs(act, fork: Path, old: Path, tmp_path: Path) -> None:
    """A configuration, a lock, a reference, no summary, and words with blanks in them."""
    config = tmp_path / "other config.yaml"
    config.write_text("schema: 1\nrequire: ['1.1']\n")
    _break(fork)
    ran = act(fork, config=str(config), summary="false")
    assert (ran.status, ran.summary, ran.outputs) == (0, "", {"passed": "true", "sarif": ""})
    ran = act(fork, reference=str(old))
    assert "lacks" in ran.out
    ran = act(fork, args=f"--fail-on unknown\n--output 'json={tmp_path}/a report.json'")
    assert ran.status == 0
    assert json.loads((tmp_path / "a report.json").read_text())
    lock = tmp_path / "a.lock"
    _call("lpae-audit", "lock", old, "-o", lock)
    assert "lacks" in act(fork, lock=str(lock)).out


@pytest.mark.parametrize(
    ("config", "given", "status"),
    [
        ("schema: 1\n'##[set-output name=passed]true': 1\n", {}, 3),
        ("schema: 1\n", {"tree": "nowhere"}, 4),
        ("schema: 1\n", {"since": "nothing"}, 4),
        ("schema: 1\n", {"lock": "a", "reference": "b"}, 2),
        ("schema: 1\n", {"args": "'open"}, 1),
    ],
)
def test_action_in_trouble(act, fork: Path, config: str, given: dict, status: int) -> None:
    """Without a verdict the step fails, has not passed, and wrote no SARIF; no text is obeyed."""
    (fork / ".lpae-audit.yaml").write_text(config)
    ran = act(fork, sarif="out.sarif", **given)
    assert ran.status == status
    assert ran.outputs == {"passed": "false", "sarif": ""}
    assert not (fork / "out.sarif").exists()
    assert ran.summary == ""
    assert ran.err
    assert "##[" not in ran.out + ran.err
    assert status == 1 or f"::error title=lpae-audit::no verdict (status {status})" in ran.out


@pytest.mark.parametrize("name", [n for n in _ACTION["inputs"] if n != "python"])
@pytest.mark.parametrize("text", ["$(touch pwned); touch pwned `touch pwned`", "--exit-zero"])
def test_action_runs_no_input(act, fork: Path, name: str, text: str) -> None:
    """What looks like shell, or like an option, is a value."""
    _break(fork)
    ran = act(fork, **{name: text})
    assert not (fork / "pwned").exists()
    if (name, text) != ("args", "--exit-zero"):
        assert ran.outputs["passed"] == "false"
        assert ran.status != 0


def test_action_says_its_outputs_in_a_line_each(act, fork: Path) -> None:
    """A name with a line end in it does not become an output of its own."""
    _break(fork)
    ran = act(fork, sarif="out\npassed=true")
    assert ran.outputs == {"passed": "false", "sarif": "outpassed=true"}


@pytest.mark.parametrize("text", ["$(touch pwned); touch pwned", "touch pwned --", ""])
def test_action_runs_no_python_but_the_one(tmp_path: Path, text: str) -> None:
    """The name of the Python is one word, and a name that is none fails."""
    ran = Runner(tmp_path, tmp_path).run(_STEPS, tmp_path, {"python": text})
    assert ran.status == 127
    assert ran.outputs["passed"] != "true"
    assert not (tmp_path / "pwned").exists()


def test_action_imports_nothing_of_the_tree(act, installed: Path, fork: Path) -> None:
    """Modules that lie in the tree are not run, neither by the installation nor by the gate."""
    for module in (installed / "tree").glob("*.py"):
        shutil.copy(module, fork)
    assert act(fork).status == 0
    assert not (fork / "pwned").exists()
    assert not (installed / "tree" / "pwned").exists()


# The hook, as pre-commit installs and runs it.


@pytest.fixture
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with this checkout as it stands, and pre-commit's store."""

    def make(place: Path) -> str:
        listed = _call("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        if not (ROOT / ".git").exists() or listed.returncode:
            return "no git checkout, so there is nothing that pre-commit could clone"
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                copy = place / "checkout" / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, copy)
        _commit(place / "checkout", "as it stands")
        fork = place / "fork"
        fork.mkdir()
        _configure(fork, place, _HOOK["args"])
        _commit(fork, "no kernel")
        done = _pre_commit(fork, place, "install-hooks")
        if _NO_INDEX in done.stdout:
            return "pip reaches no index, so pre-commit cannot install the hook"
        assert done.returncode == 0, done.stdout
        return ""

    return _once(tmp_path_factory, "hook", make)


def _configure(fork: Path, place: Path, args: list[str]) -> None:
    hook = {"id": "lpae-audit-gate"} | ({"args": args} if args != _HOOK["args"] else {})
    checkout = place / "checkout"
    repo = {"repo": str(checkout), "rev": _git(checkout, "rev-parse", "HEAD"), "hooks": [hook]}
    (fork / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [repo]}))


def _pre_commit(fork: Path, place: Path, *args: str) -> subprocess.CompletedProcess[str]:
    store = str(place / "store")
    return _call(sys.executable, "-m", "pre_commit", *args, cwd=fork, PRE_COMMIT_HOME=store)


def test_hook_is_one() -> None:
    """pre-commit takes the file for a list of hooks."""
    done = _call(sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        (_PGTABLE, True),
        ("include/linux/io-pgtable.h", True),
        ("drivers/iommu/Kconfig", True),
        ("lib/Kconfig.debug", True),
        ("Makefile", True),
        (".lpae-audit.yaml", True),
        ("bsp/.lpae-audit.yaml", True),
        ("lpae-audit.lock", True),
        ("Documentation/iommu.rst", False),
        ("scripts/checkpatch.pl", False),
        ("tools/Makefile/notes.txt", False),
        ("arch/arm64/boot/dts/rtd1296.dts", False),
    ],
)
def test_hook_runs_for(name: str, taken: bool) -> None:
    """The hook runs when a source, what builds it, or the gate's own files change."""
    assert bool(re.search(_HOOK["files"], name)) is taken


def test_hook_passes_and_fails(hooked: Path, fork: Path) -> None:
    """On all files: status 0 where every step is done, else 1 and the step with its place."""
    _configure(fork, hooked, ["."])
    _commit(fork, "with the hook")
    done = _pre_commit(fork, hooked, "run", "--all-files")
    assert (done.returncode, "Passed" in done.stdout) == (0, True), done.stdout
    line = _break(fork)
    done = _pre_commit(fork, hooked, "run", "--all-files")
    assert done.returncode == 1
    assert f"{_PGTABLE}:{line}: error: 1.6.2a " in done.stdout


def test_hook_at_a_commit(hooked: Path, fork: Path) -> None:
    """With --since HEAD git refuses just the commits that make something worse."""
    _break(fork)
    _configure(fork, hooked, [".", "--since", "HEAD"])
    _commit(fork, "guard gone before the hook came")
    assert _pre_commit(fork, hooked, "install").returncode == 0
    store = str(hooked / "store")

    def commit() -> subprocess.CompletedProcess[str]:
        argv = ("git", "commit", "--all", "--message", "more")
        return _call(*argv, cwd=fork, PRE_COMMIT_HOME=store)

    with open(fork / "Makefile", "a") as f:
        f.write("# more\n")
    done = commit()
    assert (done.returncode, "Passed" in done.stderr) == (0, True), done.stderr
    header = fork / "include/linux/io-pgtable.h"
    header.write_text(header.read_text().replace("coherent_walk", "coherent"))
    done = commit()
    assert done.returncode == 1
    assert ": missing, was done in HEAD" in done.stderr
    assert _git(fork, "rev-list", "--count", "HEAD") == "3"


# The job for GitLab that README shows.


def _job() -> dict:
    """Return the one job in the one block of README that has a gate and artifacts."""
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (block,) = (b for b in blocks if "lpae-audit gate" in b and "artifacts:" in b)
    (job,) = (j for j in yaml.safe_load(block).values() if isinstance(j, dict) and "script" in j)
    return {"text": block, **job}


def test_job_is_one(tmp_path: Path) -> None:
    """The job is what the published schema says it is, and has the commit it compares with."""
    job = _job()
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text(job["text"])
    schema = ("--builtin-schema", "vendor.gitlab-ci")
    done = _call(sys.executable, "-m", "check_jsonschema", *schema, file)
    assert done.returncode == 0, done.stdout
    assert job["variables"]["GIT_DEPTH"] == "0"
    assert job["artifacts"]["when"] == "always"


@pytest.mark.parametrize("shell", ["bash", "sh"])
@pytest.mark.parametrize("merging", [True, False])
@pytest.mark.parametrize("state", ["done", "worse", "as before"])
def test_job_runs(fork: Path, shell: str, merging: bool, state: str) -> None:
    """The script passes and fails as it should, on a branch and on its merge; reports are there."""
    if state == "as before":
        _break(fork)
        _commit(fork, "guard gone")
    base = _git(fork, "rev-parse", "HEAD")
    if state == "worse":
        _break(fork)
        _commit(fork, "guard gone")
    job = _job()
    script = "\n".join(line for line in job["script"] if not line.startswith("pip install "))
    env = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base} if merging else {}
    done = _call(shell, "-e", "-c", script, cwd=fork, **env)
    fails = state == "worse" or (state == "as before" and not merging)
    assert (done.returncode, done.stderr) == (int(fails), "")
    assert (", was done in " in done.stdout) is (merging and fails)
    reports = job["artifacts"]["reports"]
    issues = json.loads((fork / reports["codequality"]).read_text())
    assert [i["location"]["path"] for i in issues if i["severity"] != "info"] == [_PGTABLE] * fails
    suites = ElementTree.parse(fork / reports["junit"]).getroot()
    assert int(suites.attrib["failures"]) == int(fails)
