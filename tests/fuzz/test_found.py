"""What the fuzzer has found, one small file each: a command's only answer is one line."""

import json
from pathlib import Path

import pytest

from sim.commands.cli import main

NESTED = b"[" * 5000
LISTS = b"[" * 300 + b"]" * 300
DOTTED = b".".join([b"a"] * 3000)
TABLE = b"config_id,lr,seed,epoch,validation_error,seconds\n0,0.1,0,1,0.5,1\n1,0.2,0,1,0.4,1\n"
CARD = b'r_max = 1\n[space.lr]\ndistribution = "uniform"\nargs = [0, 1]\n'
STUDY = b'measures = ["jobs"]\n[experiment]\ncurves = "power-law"\n'


def lcbench(value=None, **config):
    log = {"Train/val_accuracy": [1, 2], "time": [1, 2]}
    run = {"config": {"batch_size": 64} | config, "log": log}
    text = json.dumps({"adult": {"0": run, "1": run}})
    return (text if value is None else text.replace('"VALUE"', value)).encode()


FOUND = {
    "a card, deeply nested": (
        {"t.csv": TABLE, "t.toml": b"r_max = " + NESTED},
        ["curves", "check", "t.csv"],
    ),
    "a card, of deep dotted keys": (
        {"t.csv": TABLE, "t.toml": CARD + b"[task]\n" + DOTTED + b" = 1\n"},
        ["curves", "show", "t.csv", "--json"],
    ),
    "a card, a date of no calendar": (
        {"t.csv": TABLE, "t.toml": b"r_max = 1979-99-99\n"},
        ["curves", "check", "t.csv"],
    ),
    "an integer too long for a float": (
        {"t.csv": TABLE.replace(b"0.2", b"9" * 400), "t.toml": CARD},
        ["curves", "check", "t.csv"],
    ),
    "an integer too long to be read": (
        {"t.csv": TABLE, "t.toml": CARD.replace(b"r_max = 1", b"r_max = " + b"9" * 5000)},
        ["curves", "check", "t.csv"],
    ),
    "an experiment, deeply nested": ({"e.toml": b"seed = " + NESTED}, ["run", "--from", "e.toml"]),
    "an experiment, of deep dotted keys": (
        {"e.toml": b'curves = "power-law"\n' + DOTTED + b" = 1\n"},
        ["run", "--from", "e.toml"],
    ),
    "an experiment whose notes are no table": (
        {"e.toml": b'notes = 3\ncurves = "power-law"\n'},
        ["run", "--from", "e.toml"],
    ),
    "a study, deeply nested": ({"s.toml": b"seeds = " + NESTED}, ["study", "s.toml"]),
    "a study, a list nested less deep than the parser's limit": (
        {"s.toml": STUDY + b"[experiment.limits]\nmax_jobs = 1\n[axes]\nx = " + LISTS + b"\n"},
        ["study", "s.toml"],
    ),
    "a recording's card, a list nested less deep than the parser's limit": (
        {"t.csv": TABLE, "t.toml": CARD + b"[task]\na = " + LISTS + b"\n"},
        ["curves", "export", "t.csv", "--out", "o.csv"],
    ),
    "a study, of deep dotted keys": (
        {"s.toml": STUDY + b"[axes]\n" + DOTTED + b" = [1]\n"},
        ["study", "s.toml"],
    ),
    "a surrogate, deeply nested": (
        {"s/surrogate.toml": b"seed = " + NESTED, "s/table.csv": TABLE},
        ["curves", "show", "s"],
    ),
    "a space, deeply nested": ({"x.json": NESTED}, ["curves", "space", "x.json"]),
    "LCBench, deeply nested": (
        {"lc.json": lcbench("[" * 100_000, x="VALUE")},
        ["curves", "import", "lc.json", "--out", "o.csv"],
    ),
    "LCBench, a list for a hyperparameter": (
        {"lc.json": lcbench(batch_size=[64])},
        ["curves", "import", "lc.json", "--out", "o.csv"],
    ),
    "LCBench, an integer too long for a float": (
        {"lc.json": lcbench("9" * 400, batch_size="VALUE")},
        ["curves", "import", "lc.json", "--out", "o.csv"],
    ),
    "a timetable, a number too long": (
        {"w.csv": b"worker,joins,leaves\n" + b"9" * 400 + b",0,1\n"},
        ["run", "--curves", "power-law", "--max-jobs", "2", "--timetable", "w.csv"],
    ),
}


@pytest.mark.parametrize(("files", "argv"), FOUND.values(), ids=FOUND)
def test_a_damaged_file_ends_in_one_line_that_names_it(tmp_path, monkeypatch, capsys, files, argv):
    monkeypatch.chdir(tmp_path)
    for name, content in files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(content)
    before = set(tmp_path.rglob("*"))
    assert main(argv) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert len(message) < 1000
    assert any(Path(name).name in message for name in files)
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "argv",
    [
        ["run", "--curves", "power-law", "--max-jobs", "2", "--no-plots", "--out", "a\0b"],
        ["run", "--curves", "power-law", "--max-jobs", "2", "--no-plots", "--out", "a\udc80b"],
        ["run", "--from", "\udcff"],
        ["curves", "show", "t.csv", "--plot", ""],
        ["curves", "show", "t.csv", "--plot", "."],
        ["curves", "show", "t.csv", "--plot", f"{'x' * 300}.png"],
        ["curves", "show", "x" * 300],
        ["curves", "import", "t.csv", "--out", "o.csv", "--licence", "\ud800"],
        ["record", "--out", "nodir/x.csv"],
        ["record", "--out", "t.csv"],
    ],
    ids=lambda argv: f"{' '.join(argv)[:40]!a}",
)
def test_a_name_that_no_file_has_ends_in_one_line(tmp_path, monkeypatch, capsys, argv):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_bytes(TABLE)
    try:
        code = main(argv)
    except SystemExit as how:  # the parser has refused a value
        code = how.code
    assert code == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert message.startswith("rungsim")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv"]
