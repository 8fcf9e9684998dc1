import io
import json
import os
import pickle
import subprocess
import sys

import pytest
import torch

from learning_curves.errors import InputError
from real.cluster import checkpoints
from real.tasks import task

CONFIG = {"learning_rate": 0.3, "batch_size": 128}

CARRY_ON = """
import json, pathlib, sys, torch
from real.cluster import checkpoints
from real.tasks import task
torch.set_num_threads(1)
path, stop = pathlib.Path(sys.argv[1]), int(sys.argv[2])
trainer = task.build("lenet", source="subset").trainer(json.loads(sys.argv[3]), seed=4)
if path.exists():
    trainer.load_state_dict(checkpoints.load(path))
errors = [trainer.train_epoch() for _ in range(stop - trainer.epoch)]
checkpoints.save(path, trainer.state_dict())
print(json.dumps(errors))
"""


def in_another_process(path, stop):
    command = [sys.executable, "-c", CARRY_ON, str(path), str(stop), json.dumps(CONFIG)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def tensors(state):
    return {name: tensor.tolist() for name, tensor in state["model"].items()}


def test_two_processes_through_a_file_train_as_one_without(tmp_path):
    trainer = task.build("lenet", source="subset").trainer(CONFIG, seed=4)
    expected = [trainer.train_epoch() for _ in range(5)]
    path = tmp_path / "trial-0.pt"
    errors = in_another_process(path, 2) + in_another_process(path, 5)
    assert errors == expected
    state = checkpoints.load(path)
    assert tensors(state) == tensors(trainer.state_dict())
    assert torch.equal(state["generator"], trainer.generator.get_state())
    assert state["epoch"] == 5


def test_a_failed_save_leaves_the_old_checkpoint(tmp_path):
    path = tmp_path / "trial-0.pt"
    checkpoints.save(path, {"epoch": 1})
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        checkpoints.save(path, {"epoch": lambda: 2})
    assert checkpoints.load(path) == {"epoch": 1}
    checkpoints.save(path, {"epoch": 2})
    assert checkpoints.load(path) == {"epoch": 2}
    assert list(tmp_path.iterdir()) == [path]


def test_a_leftover_of_a_crash_is_in_nobodys_way(tmp_path):
    path = tmp_path / "trial-0.pt"
    leftover = tmp_path / ".trial-0.pt.1.part"
    leftover.write_bytes(b"half a ch")
    checkpoints.save(path, {"epoch": 1})
    assert checkpoints.load(path) == {"epoch": 1}
    assert set(tmp_path.iterdir()) == {path, leftover}


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    path = tmp_path / "trap.pt"
    buffer = io.BytesIO()
    torch.save({"epoch": Trap()}, buffer)
    path.write_bytes(checkpoints._sealed(buffer.getvalue()))
    with pytest.raises(InputError, match=r"trap\.pt"):
        checkpoints.load(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("part", [0, 1, 10, 50, 90, 99])
def test_a_torn_checkpoint_is_one_clear_line(tmp_path, part):
    path = tmp_path / "torn.pt"
    checkpoints.save(path, {"weights": torch.zeros(100)})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * part // 100])
    with pytest.raises(InputError, match=r"torn\.pt is not a complete checkpoint") as error:
        checkpoints.load(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("place", range(0, 1500, 100))
def test_a_flipped_bit_is_noticed(tmp_path, place):
    path = tmp_path / "flipped.pt"
    checkpoints.save(path, {"weights": torch.zeros(100)})
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"flipped\.pt is not a complete checkpoint"):
        checkpoints.load(path)


def test_a_missing_checkpoint_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match=r"gone\.pt.*No such file"):
        checkpoints.load(tmp_path / "gone.pt")
