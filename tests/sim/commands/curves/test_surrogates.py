"""The command curves: fit, and check --surrogate."""

import json

import pytest

from sim.commands.cli import main

CHECK = ["curves", "check", "lenet-fashion-mnist"]


def test_a_fitted_surrogate_is_run_from_its_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["curves", "fit", "lenet-fashion-mnist", "--out", "lenet-gp"]) == 0
    out = capsys.readouterr().out
    assert "gp fitted to 64 configs, noise from repeated trainings" in out
    assert "--curves lenet-gp" in out
    run = ["run", "--scheduler", "asha", "--workers", "100", "--max-jobs", "500", "--no-plots"]
    assert main([*run, "--curves", "lenet-gp", "--out", "one"]) == 0
    assert main([*run, "--curves", "surrogate:lenet-fashion-mnist", "--out", "two"]) == 0
    capsys.readouterr()
    assert main(["run", "--from", "one/experiment.toml", "--out", "again", "--no-plots"]) == 0
    jobs = [(tmp_path / name / "jobs.parquet").read_bytes() for name in ("one", "two", "again")]
    assert jobs[0] == jobs[1] == jobs[2]
    assert "curves_sha256" in (tmp_path / "one/experiment.toml").read_text()


def test_a_study_beside_a_surrogate_takes_it_along(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["curves", "fit", "lenet-fashion-mnist", "--out", "here/lenet-gp"]) == 0
    (tmp_path / "here/two.toml").write_text(
        'title = "two"\nseeds = 2\nmeasures = ["best_loss"]\n'
        '[experiment]\ncurves = "lenet-gp"\nlimits.max_jobs = 30\n'
        '[axes]\nscheduler = ["sh", "asha"]\n'
    )
    arguments = ["study", "--no-plots", "--processes", "1"]
    assert main([*arguments, "here/two.toml", "--out", "out"]) == 0
    assert (tmp_path / "out/lenet-gp/surrogate.toml").is_file()
    first = (tmp_path / "out/runs.csv").read_bytes()
    assert main([*arguments, "out/study.toml", "--out", "again"]) == 0
    assert (tmp_path / "again/runs.csv").read_bytes() == first


def test_fit_as_json_names_the_kernels(tmp_path, capsys):
    out = str(tmp_path / "made")
    assert main(["curves", "fit", "lenet-fashion-mnist", "--out", out, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["regressor"], told["configs"], told["noise"]) == ("gp", 64, True)
    assert set(told["kernels"]) == {"losses", "seconds"}


@pytest.mark.slow
def test_check_tells_and_draws_how_good_surrogates_are(tmp_path, capsys):
    few = ["--seeds", "3", "--folds", "4", "--processes", "1", "--scheduler", "sh,asha"]
    words = ["--surrogate", "--regressor", "gp,nearest", "--out", str(tmp_path)]
    assert main([*CHECK, *words, *few]) == 0
    out = capsys.readouterr().out
    assert "lenet-fashion-mnist, gp: held-out configs, 4 folds" in out
    assert "lenet-fashion-mnist, nearest: held-out configs" in out
    assert "surrogate: the table's order by time to target is kept in" in out
    assert "of 3 seeds" in out
    assert {path.name for path in tmp_path.iterdir()} == {
        "surrogates.json",
        "lenet-fashion-mnist-gp.png",
        "lenet-fashion-mnist-nearest.png",
    }
    told = json.loads((tmp_path / "surrogates.json").read_text())["lenet-fashion-mnist"]
    assert [each["regressor"] for each in told] == ["gp", "nearest"]
    assert told[0]["levels"][-1]["rank_correlation"] > 0.9
    assert {row["source"] for row in told[0]["schedulers"]} == {"table", "retrained", "surrogate"}
    assert main([*CHECK, "--surrogate", *few, "--json"]) == 0
    (again,) = json.loads(capsys.readouterr().out)
    assert again["surrogates"][0]["order"] == told[0]["order"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--seeds", "5"], "--seeds has no effect without --surrogate"),
        (["--surrogate", "--folds", "99"], "folds is 99: lenet-fashion-mnist has 64 configs"),
    ],
)
def test_what_check_cannot_do_is_told_in_one_line(words, complaint, capsys):
    assert main([*CHECK, *words]) == 2
    err = capsys.readouterr().err
    assert complaint in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ([*CHECK, "--surrogate", "--seeds", "0"], "argument --seeds: 0 is too small"),
        ([*CHECK, "--surrogate", "--workers", "0"], "argument --workers: 0 is too small"),
        (
            ["curves", "fit", "lenet", "--out", "out", "--seed", "-1"],
            "argument --seed: -1 is too small",
        ),
    ],
)
def test_a_number_out_of_its_range_is_refused_in_one_line(command, complaint, capsys):
    with pytest.raises(SystemExit) as how:
        main(command)
    assert how.value.code == 2
    err = capsys.readouterr().err
    assert complaint in err
    assert err.count("\n") == 1


def test_fit_refuses_in_one_line(tmp_path, capsys):
    small = tmp_path / "small.csv"
    small.write_text("config_id,x,seed,epoch,validation_error,seconds\n0,1,0,1,0.5,1\n")
    out = tmp_path / "out"
    assert main(["curves", "fit", str(small), "--out", str(out)]) == 2
    assert "small has 1 configs: give a table of at least 4" in capsys.readouterr().err
    assert not out.exists()
