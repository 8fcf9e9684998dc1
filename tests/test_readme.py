"""What the README and the pages of docs/ ask a reader to type, and where their links lead."""

import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sim.commands.cli import COMMANDS, main

ROOT = Path(__file__).parent.parent
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Their code needs a file, a run, a cluster or a library that is not there, or other tests run it.
ELSEWHERE = {"cluster.md", "from-python.md", "live.md", "own-scheduler.md", "own-task.md"}


def text_of(path):
    return path.read_text(encoding="utf-8")


README = text_of(DOCS[0])
PYTHON = [
    pytest.param(code, id=f"{path.name}-{place}")
    for path in DOCS
    if path.name not in ELSEWHERE
    for place, code in enumerate(re.findall(r"```python\n(.*?)```", text_of(path), re.DOTALL))
]


@pytest.mark.parametrize("code", PYTHON)
def test_the_code_runs(code, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def commands(command):
    found = [line for path in DOCS for line in text_of(path).splitlines()]
    found = [line.split("#")[0].strip() for line in found if line.startswith("    ")]
    return sorted({line for line in found if line.startswith(f"rungsim {command} ")})


@pytest.mark.parametrize("line", [line for line in commands("run") if "--from" not in line])
def test_the_runs_run(line, tmp_path, monkeypatch):
    if "syne-tune:" in line:
        pytest.importorskip("syne_tune", reason="absent")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text(
        "config_id,lr,seed,epoch,validation_error,seconds\n0,0.1,0,1,0.5,1.0\n0,0.1,0,2,0.4,1.0\n"
    )
    assert main([*shlex.split(line)[1:], "--no-plots"]) == 0


def test_every_command_is_in_the_readme():
    assert all(f"rungsim {command}" in README for command in COMMANDS)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(path)):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_names_and_files_of_the_code_exist(path):
    text = text_of(path)
    for name in re.findall(r"(?:`|::: )((?:sim|learning_curves|real)(?:\.\w+)+)", text):
        assert pkgutil.resolve_name(name) is not None, name
    for file in re.findall(r"[` ]((?:sim|learning_curves|real|tests|docs)/[\w/-]+\.\w+)`", text):
        assert (ROOT / file).exists(), file
