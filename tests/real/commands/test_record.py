import argparse
import os
import signal
import subprocess
import sys
import tomllib

import pytest
from rich.console import Console

from learning_curves.errors import InputError
from real.commands import record
from real.recorder.events import Begun, Epoch, Failure, Order

# A shell lets its background jobs ignore Ctrl-C; whoever started these tests may be one.
COMMAND = """
import argparse, signal, sys
from real.commands import record
signal.signal(signal.SIGINT, signal.default_int_handler)
parser = argparse.ArgumentParser()
record.add_arguments(parser)
sys.exit(record.main(parser.parse_args()))
"""


def parse(*arguments):
    parser = argparse.ArgumentParser()
    record.add_arguments(parser)
    return parser.parse_args(list(map(str, arguments)))


def test_help_comes_without_torch():
    script = """
import argparse, sys
from real.commands import record
parser = argparse.ArgumentParser()
record.add_arguments(parser)
assert "--validate-on" in parser.format_help()
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_without_torch_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"pip install 'torch"):
        record.main(parse("--out", tmp_path / "t.csv"))


def test_a_device_that_is_not_there_is_refused(tmp_path):
    import torch

    missing = "mps" if torch.cuda.is_available() else "cuda"  # no machine has both
    with pytest.raises(InputError, match=f"--device {missing}: .*--device cpu"):
        record.main(parse("--device", missing, "--out", tmp_path / "t.csv"))


def test_a_small_recording_from_end_to_end(tmp_path, capsys):
    path = tmp_path / "small.csv"
    arguments = parse(
        *("--task", "lenet", "--configs", 2, "--r-max", 2, "--seed", 7, "--clock", "cpu"),
        *("--data", "subset", "--validate-on", "test", "--out", path),
    )
    assert record.main(arguments) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == (
        "warning: Fashion-MNIST subset (1200 images), not the full Fashion-MNIST"
    )
    assert err.count("2 epochs, error") == 2
    lines = path.read_text().splitlines()
    assert lines[0] == "config_id,learning_rate,batch_size,seed,epoch,validation_error,seconds"
    assert len(lines) == 1 + 2 * 2
    card = tomllib.loads(path.with_suffix(".toml").read_text())
    assert card["title"] == "LeNet on Fashion-MNIST subset (1200 images)"
    assert card["train_examples"] == 1200
    assert card["recording"]["command"] == (
        "rungsim record --task lenet --configs 2 --seeds 1 --seed 7 --r-max 2 --processes 1 "
        "--device cpu --clock cpu --data subset --validate-on test --out small.csv"
    )
    assert str(tmp_path) not in path.with_suffix(".toml").read_text()
    flaws = " ".join(card["known_flaws"])
    for flaw in ("processor seconds", "one seed", "test images", "small subset"):
        assert flaw in flaws
    assert record.main(arguments) == 0
    assert "2 curves exist already, 0 are missing" in capsys.readouterr().err


def test_a_curve_that_fails_is_one_line_and_exit_code_1(capsys):
    order = Order(4, {"learning_rate": 0.5, "batch_size": 32}, seed=1, r_max=1)

    def events():
        yield Begun(recorded=0, missing=2)
        yield Failure(order, "ValueError: [no] good")
        yield Epoch(order, 1, 0.25, 1.0)

    assert record._watch(events(), "t.csv", 1, Console(stderr=True), "") == 1
    assert capsys.readouterr().err.splitlines() == [
        "config 4, seed 1 {'learning_rate': 0.5, 'batch_size': 32} failed: ValueError: [no] good",
        "config 4, seed 1: 1 epochs, error 0.2500",
        "1 curves failed: the same command tries them again",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(tmp_path):
    path = tmp_path / "t.csv"
    arguments = f"--configs 500 --r-max 100 --processes 2 --data subset --out {path}".split()
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of its own, as a terminal's foreground job has
    )
    with process:
        early = next(line for line in process.stderr if line.startswith("config "))
        os.killpg(process.pid, signal.SIGINT)
        late = process.stderr.read()  # ends when no process of the group is left
    assert "100 epochs" in early
    assert process.returncode == record.INTERRUPTED
    assert late.splitlines()[-1] == (
        "stopped; the same command continues; finished curves are kept"
    )
    assert "Traceback" not in late
    lines = path.read_text().splitlines()
    assert len(lines) > 100
    assert (len(lines) - 1) % 100 == 0
