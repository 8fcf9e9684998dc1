"""docs/own-scheduler.md from its first to its last line: every file saved, every command run."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sim.commands.cli import main

PAGE = Path(__file__).parent.parent / "docs" / "own-scheduler.md"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
NAMED = re.compile(r"Save\s+this\s+as\s+`([\w.]+)`")
MODULES = ("mine", "near", "ramp")


def steps(page):
    """Return the page's steps in order: a file's name and its content, or None and a command."""
    found, end = [], 0
    for block in BLOCK.finditer(page):
        kind, content = block.groups()
        names = NAMED.findall(page[end : block.start()])
        end = block.end()
        if kind == "sh":
            found += [(None, line) for line in content.splitlines()]
        else:
            found.append((names[-1], content))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder in which all that the page says was done, by command line only."""
    where = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(where)
        patch.setattr(sys, "path", [*sys.path])
        for name, content in steps(PAGE.read_text(encoding="utf-8")):
            if name is not None:
                Path(name).write_text(content, encoding="utf-8")
                continue
            program, *arguments = shlex.split(content)
            if program == "python":
                command = [sys.executable, *arguments, "-q", "-p", "no:cacheprovider"]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                assert done.returncode == 0, done.stdout
            else:
                assert program == "rungsim"
                few = ["--processes", "1"] if arguments[0] == "compare" else []
                assert main([*arguments, "--no-plots", *few]) == 0, content
    yield where
    for module in MODULES:
        sys.modules.pop(module, None)


def test_every_command_was_run_with_the_same_class(folder):
    commands = {line.split()[1] for name, line in steps(PAGE.read_text("utf-8")) if name is None}
    assert {"run", "compare", "study", "live", "parity"} <= commands
    assert json.loads((folder / "first/summary.json").read_text())["scheduler"].startswith("mine:")
    compared = json.loads((folder / "compared/power-law/comparison.json").read_text())
    assert {cell["scheduler"] for cell in compared["cells"]} == {"asha", "mine:OneMoreEpoch"}
    assert {gain["scheduler"] for gain in compared["gains"]} == {"mine:OneMoreEpoch"}
    assert (folder / "studied/cells.csv").read_text().count("\n") == 1 + 3 * 2
    parity = json.loads((folder / "trained/parity.json").read_text())
    assert parity["scheduler"] == "mine:OneMoreEpoch"
    assert parity["live_end_seconds"] > 0


def test_a_run_from_its_file_gives_the_same_bytes(folder):
    for name in ("jobs.parquet", "summary.json", "experiment.toml"):
        assert (folder / "first" / name).read_bytes() == (folder / "again" / name).read_bytes()


@pytest.mark.parametrize(
    ("noted", "again"),
    [
        ("first/experiment.toml", ["run", "--from", "first/experiment.toml"]),
        ("studied/study.toml", ["study", "patience.toml", "--out", "studied"]),
        ("trained/experiment.toml", ["live", "--resume", "trained"]),
        ("trained/experiment.toml", ["parity", "trained"]),
    ],
    ids=["run", "study", "live", "parity"],
)
def test_a_changed_file_is_refused(folder, noted, again, monkeypatch, capsys):
    notes = tomllib.loads((folder / noted).read_text())["notes"]
    assert set(notes["own_sha256"]) == {"mine"}
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = Path("mine.py").read_bytes()
    try:
        Path("mine.py").write_bytes(before + b"# changed\n")
        assert main([*again, "--no-plots"]) == 2
    finally:
        Path("mine.py").write_bytes(before)
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert f"mine.py has changed since {noted} was written: restore it, or delete mine" in message
