# SPDX-License-Identifier: GPL-2.0-only
"""Trees and the program, as the tests need them."""

import gc
import os
from pathlib import Path

import pytest

from lpae_backport.cli import main
from lpae_backport.rule import Pack
from lpae_backport.ruleset import load_pack

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def pack() -> Pack:
    """The shipped pack."""
    return load_pack(ROOT / "rules" / "mali-lpae")


@pytest.fixture(scope="session", autouse=True)
def _no_index_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the program away from the index of whoever runs the tests."""
    os.environ["LPAE_AUDIT_CACHE"] = str(tmp_path_factory.mktemp("cache") / "index")


class Run:
    """What one run of the program came to."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]):
    """Run the program in this process and return its status and output."""

    def call(*argv: object) -> Run:
        capfd.readouterr()
        status = main([str(a) for a in argv])
        gc.enable()  # the program is many short runs here, not one
        out, err = capfd.readouterr()
        return Run(int(status), out, err)

    return call


@pytest.fixture(scope="session")
def old() -> Path:
    """The pocket kernel before the backport."""
    return ROOT / "fixtures" / "pocket-4.9"


@pytest.fixture(scope="session")
def new() -> Path:
    """The pocket kernel with every step done."""
    return ROOT / "fixtures" / "pocket-6.x"
