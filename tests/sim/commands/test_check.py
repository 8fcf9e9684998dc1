"""`rungsim check` end to end."""

import re

import pytest

from sim.commands.cli import main
from sim.testing import LAWS

MINE = """
from sim.schedulers import ASHA, Trial

class Mine(ASHA):
    claims = ("quota",)

    def __init__(self, sign: int = -1, **settings):
        super().__init__(**settings)
        self.sign = sign

    def job_done(self, job, losses):
        super().job_done(job, [self.sign * loss for loss in losses])

class Searcher:
    adaptive = False

    def draw(self):
        return Trial(1, {})

    def observe(self, trial, epoch, loss): ...
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine_checked.py").write_text(MINE)
    return tmp_path


def check(capsys, *arguments):
    code = main(["check", *arguments])
    return code, *capsys.readouterr()


def test_a_scheduler_that_keeps_the_laws(capsys):
    code, out, _ = check(capsys, "sh", "--laws", "deadlock,best-first", "--max-examples", "10")
    assert code == 0
    assert re.findall(r"^(\w+) +([a-z-]+)", out, re.MULTILINE)[:2] == [
        ("kept", "deadlock"),
        ("kept", "best-first"),
    ]
    assert out.endswith("laws: every law that was checked holds\n")


def test_a_scheduler_that_breaks_one(capsys, folder):
    arguments = ("mine_checked:Mine", "--laws", "quota,answer", "--out", "broken")
    code, out, _ = check(capsys, *arguments)
    assert code == 1
    assert "broken  quota" in out
    assert "kept    answer" in out
    assert "from mine_checked import Mine" in out
    assert out.endswith("laws: 1 broken\n")
    assert sorted(path.name for path in (folder / "broken").iterdir()) == ["quota.png", "quota.txt"]


def test_its_options(capsys):
    arguments = ("mine_checked:Mine", "--laws", "quota", "--max-examples", "50")
    assert check(capsys, *arguments, "--scheduler-option", "sign=1")[0] == 0
    code, out, _ = check(capsys, *arguments, "--scheduler-option", "sign=-2", "--no-plots")
    assert code == 1
    assert "factory = partial(Mine, sign=-2)\n" in out


def test_a_searcher(capsys):
    assert check(capsys, "--searcher", "halton", "--max-examples", "3")[0] == 0
    code, out, _ = check(capsys, "--searcher", "mine_checked:Searcher", "--max-examples", "3")
    assert code == 1
    assert "draw 1 returns Trial(number=1, config={})" in out


def test_curves(capsys):
    code, out, _ = check(capsys, "--curves", "softmax-fashion-mnist", "--configs", "2")
    assert code == 0
    assert "kept    slices" in out


def test_the_list_of_laws(capsys):
    code, out, _ = check(capsys, "--list")
    assert code == 0
    assert all(f"{law.name:14}{law.sentence}" in out for law in LAWS.values())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing is named: name one scheduler, such as mine:Mine"),
        (("asha", "--searcher", "grid"), "scheduler and searcher are named: name one"),
        (("asha", "--laws", "quotta"), "the law is 'quotta': did you mean quota?"),
        (("nowhere:Mine",), "there is no module 'nowhere'"),
        (("asha", "--scheduler-option", "a=1"), "the scheduler is asha, which has no option 'a'"),
    ],
)
def test_bad_input(capsys, arguments, said):
    code, out, error = check(capsys, *arguments)
    assert (code, out) == (2, "")
    assert said in error
    assert error.count("\n") == 1
