"""What the README tells a newcomer to type."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sim.commands.cli import COMMANDS, main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("code", PYTHON, ids=lambda code: code.splitlines()[-1])
def test_the_code_runs(code, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def commands(command):
    found = [line for path in DOCS for line in path.read_text(encoding="utf-8").splitlines()]
    found = [line.split("#")[0].strip() for line in found if line.startswith("    ")]
    return sorted({line for line in found if line.startswith(f"rungsim {command} ")})


@pytest.mark.parametrize("line", [line for line in commands("run") if "--from" not in line])
def test_the_runs_run(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text(
        "config_id,lr,seed,epoch,validation_error,seconds\n0,0.1,0,1,0.5,1.0\n0,0.1,0,2,0.4,1.0\n"
    )
    assert main([*shlex.split(line)[1:], "--no-plots"]) == 0


def test_every_command_is_told_of():
    assert all(f"rungsim {command}" in README for command in COMMANDS)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target
