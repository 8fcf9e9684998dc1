"""The check of a task as the command line calls it."""

import subprocess
import sys

import pytest

from learning_curves.errors import InputError
from real.commands.check_task import check

CODE = """
class Task:
    name, r_max, space = "named", 2, {"x": [0.5]}

    def __init__(self, device):
        self.device = device

    def trainer(self, config, seed):
        return self

    def train_epoch(self):
        raise ValueError(f"nothing is trained on {self.device}")
"""


def test_results_come_one_by_one_with_the_line_of_the_task(homemade):
    (trains,) = check(homemade(CODE), {"device": "cpu"}, configs=1, epochs=1, seed=0)
    assert trains.law.name == "trains"
    assert "ValueError: nothing is trained on cpu (homemade_" in trains.broken.message
    assert ", line 12, train_epoch)" in trains.broken.message


def test_a_task_has_no_other_option():
    with pytest.raises(InputError, match="a task has no option 'depth': leave it out"):
        check("softmax", {"depth": 2}, configs=1, epochs=1, seed=0)


def test_torch_is_imported_when_it_is_called():
    code = "import sys, real.commands.check_task; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
