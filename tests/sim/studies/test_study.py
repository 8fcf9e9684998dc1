"""The grid and the file of a study: which experiments it stands for, and how it is refused."""

import tomllib
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_curves.errors import InputError
from sim.studies.checks import experiments
from sim.studies.study import as_text
from sim.studies.study_file import parse, read, shipped

TEXT = """
title = "a grid"
seeds = 3
measures = ["jobs", "finished"]

[experiment]
curves = "power-law"
r_max = 9
eta = 3
seed = 7
limits.max_jobs = 20

[axes]
scheduler = ["sh", "asha"]
"costs.checkpoints" = [true, false]

[axes.cluster]
small = { workers = 1 }
slow = { workers = 4, speeds = [0.5, 1.0], costs.start_seconds = 2.0 }
"""


def study(tmp_path, text=TEXT):
    return parse(text, tmp_path / "mine.toml")


def test_the_grid_is_the_product_of_the_axes_and_the_seeds(tmp_path):
    grid = study(tmp_path)
    told = [
        (e.scheduler, e.costs.checkpoints, e.workers, e.speeds, e.costs.start_seconds, e.seed)
        for e in grid.grid()
    ]
    clusters = ((1, (), 0.0), (4, (0.5, 1.0), 2.0))
    assert told == [
        (scheduler, checkpoints, *cluster, 7 + k)
        for scheduler in ("sh", "asha")
        for checkpoints in (True, False)
        for cluster in clusters
        for k in range(3)
    ]
    assert grid.runs == len(told) == 24
    assert all(e.limits.max_jobs == 20 and e.r_max == 9 for e in grid.grid())
    assert grid.cells[3].settings == {
        "scheduler": "sh",
        "costs.checkpoints": "false",
        "cluster": "slow",
    }


def test_dotted_axes_need_no_quotes(tmp_path):
    plain = TEXT.replace('"costs.checkpoints"', "costs.checkpoints")
    assert study(tmp_path, plain).grid() == study(tmp_path).grid()


@pytest.mark.parametrize("name", [*shipped(), "mine"])
def test_a_file_survives_being_written_and_read(tmp_path, name):
    one = study(tmp_path) if name == "mine" else read(name)
    again = parse(one.to_toml(by="a test"), one.folder / f"{name}.toml")
    assert again == one
    assert again.grid() == one.grid()
    assert tomllib.loads(again.to_toml()) == tomllib.loads(one.to_toml())


def test_a_study_without_axes_is_one_cell(tmp_path):
    text = TEXT[: TEXT.index("[axes]")]
    assert [e.seed for e in study(tmp_path, text).grid()] == [7, 8, 9]


def test_curves_beside_the_file_are_found(tmp_path):
    rows = "config_id,lr,seed,epoch,validation_error,seconds\n0,0.1,0,1,0.5,1.0\n"
    (tmp_path / "own.csv").write_text(rows)
    text = 'measures = ["jobs"]\n[experiment]\ncurves = "own"\nlimits.max_jobs = 2\n'
    one = study(tmp_path, text)
    experiments.check(one)
    assert one.cells[0].experiment.curves == str(tmp_path / "own.csv")
    assert one.title == "mine"


def test_curves_with_settings_are_an_axis(tmp_path):
    words = ["take-off:crossing_share=0.5", "power-law:crossing=1:noise=0.01"]
    text = TEXT.replace('scheduler = ["sh", "asha"]', f"curves = {words}")
    cells = study(tmp_path, text).cells
    assert list(dict.fromkeys(cell.experiment.curves for cell in cells)) == words


def test_values_as_they_are_written():
    assert [as_text(each) for each in (0.10, 1, True, [1, 2.5])] == ["0.1", "1", "true", "1 2.5"]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("seeds = 3", "seeds = 0", "seeds is 0: give a whole number"),
        ("seeds = 3", "seeds = 2.5", "seeds is 2.5"),
        ("seeds = 3", "seeds = true", "seeds is True"),
        ("seeds = 3", "seed = 3", "line 3: it names 'seed': did you mean seeds?"),
        ("seeds = 3", 'target = "low"', "target is 'low'"),
        ('title = "a grid"', "title = 3", "title is 3"),
        ('["jobs", "finished"]', "[]", "measures is empty: choose from end_seconds"),
        ('["jobs", "finished"]', '["job"]', "line 4: measures names 'job': did you mean jobs?"),
        ('["jobs", "finished"]', '"jobs"', "measures is 'jobs': give a list"),
        ("[experiment]", "[experimnet]", "names 'experimnet'"),
        ("r_max = 9", "r_mx = 9", "r_mx"),
        ("r_max = 9", 'r_max = "nine"', "r_max is 'nine'"),
        ("max_jobs = 20", "max_jobs = -1", "max_jobs is -1"),
        ('["sh", "asha"]', '["sh", "ahsa"]', "at scheduler ahsa, costs.checkpoints true"),
        ('["sh", "asha"]', '["sh", "sh"]', "axes.scheduler has a value twice"),
        ('["sh", "asha"]', "[]", "axes.scheduler is []"),
        ('["sh", "asha"]', '"asha"', "axes.scheduler is 'asha': give a list"),
        ("scheduler =", "shceduler =", "shceduler"),
        ("workers = 1 }", "wrokers = 1 }", "at scheduler sh, costs.checkpoints true, cluster sm"),
        ("workers = 1 }", "eta.x = 1 }", "eta is 3, not a table"),
        ("[axes.cluster]", '[laws]\njobs = "none"\n[axes.cluster]', "laws names 'none'"),
        ("[axes.cluster]", '[fits]\njobs = "cluster"\n[axes.cluster]', "holds no numbers"),
        ("[axes.cluster]", '[fits]\nlost = "cluster"\n[axes.cluster]', "fits names 'lost'"),
        ("scheduler =", "seed =", "axes.seed is the name of another column"),
        ("workers = 1 }", "workers = 1, seed = 3 }", "an axis sets the seed"),
        ("scheduler =", "jobs =", "axes.jobs is the name of another column"),
        ("axes.cluster]", "axes.median]", "axes.median is the name of another column"),
        ("axes.cluster]", "axes.factor]", "axes.factor is the name of another column"),
        ("axes.cluster]", 'axes."clus\\nter"]', "a name is 'clus\\nter': give it one line"),
        ("[axes.cluster]", "[laws]\njobs = [1]\n[axes.cluster]", "laws names [1]: choose from"),
        (
            "[axes.cluster]",
            'straggler_sigma = [0.0, 0.5]\n[fits]\njobs = "straggler_sigma"\n[axes.cluster]',
            "fits.jobs is 'straggler_sigma': a power law needs two settings or more, all above 0",
        ),
        (
            "[axes.cluster]",
            (
                "straggler_sigma = [0.0, 0.5]\n"
                "[pictures.p]\nx = 'straggler_sigma'\ny = ['jobs']\nlog = 'x'\n[axes.cluster]"
            ),
            "axes.straggler_sigma is not all above 0",
        ),
        ("[axes.cluster]", '[speedups]\njobs = "x"\n[axes.cluster]', "speedups names 'x'"),
        (
            "[axes.cluster]",
            '[speedups]\njobs = "cluster"\n[axes.cluster]',
            "speedups names 'jobs', which is not a time: choose from end_seconds",
        ),
        (
            "workers = 1 }",
            'scheduler = "sh" }',
            "axes.cluster sets 'scheduler', which axes.scheduler varies, too: leave one out",
        ),
        (
            "workers = 1 }",
            "costs = { checkpoints = true } }",
            "axes.cluster sets 'costs.checkpoints', which axes.costs.checkpoints varies, too",
        ),
        (
            "[axes.cluster]",
            "[axes.load]\nlight = { workers = 1 }\n[axes.cluster]",
            "axes.cluster sets 'workers', which axes.load sets, too: leave one out",
        ),
        (
            "[axes.cluster]",
            "[axes.costs]\ncheckpoints = [true]\n[axes.cluster]",
            "axes.costs.checkpoints is given twice",
        ),
        (
            '"power-law"',
            '"power-law"\nrul = "ray"',
            "mine.toml, line 8: there is no 'rul': did you mean rule?",
        ),
        ("[axes.cluster]", "[axes.cluster", "Expected"),
        ("seed = 7", "seed = 4294967295", "seed"),
    ],
)
def test_a_broken_file_is_refused_in_one_line(tmp_path, old, new, named):
    assert TEXT.count(old) == 1
    with pytest.raises(InputError) as refusal:
        experiments.check(study(tmp_path, TEXT.replace(old, new)))
    assert named in str(refusal.value)
    assert "\n" not in str(refusal.value)


JUNK = st.sampled_from(
    [
        *(-1, 0, 3, 2.5, True, "", "x", "asha", "scheduler", "jobs", [], [1], ["sh", "sh"], [[]]),
        *({}, {"a": {}}, {"workers": [1, 0]}, {"scheduler": "sh"}, {"a": {"b": 1}}, [{}]),
        float("nan"),
    ]
)


@settings(derandomize=True, deadline=None, max_examples=80)
@given(data=st.data())
def test_any_value_anywhere_is_a_study_or_an_error_of_the_user(data):
    text = f"{TEXT}[against]\nscheduler = 'sh'\n[fits]\njobs = 'x'\n[speedups]\njobs = 'cluster'\n"
    given = tomllib.loads(f"{text}[pictures.p]\nx = 'cluster'\ny = ['jobs']\nlog = 'y'\n")
    given |= {"survival": True, "ranks": "scheduler"}
    for _ in range(data.draw(st.integers(1, 3))):
        table = given
        while isinstance(table, dict) and table:
            inner, key = table, data.draw(st.sampled_from(sorted(table)))
            table = inner[key]
            if data.draw(st.booleans()):
                break
        inner[key] = data.draw(JUNK)
    try:
        experiments.check(parse(tomli_w.dumps(given), Path("mine.toml")))
    except InputError as error:
        assert all("mine.toml" in line for line in str(error).splitlines())  # noqa: PT017


@pytest.mark.parametrize(
    ("picture", "named"),
    [
        ('kind = "pie"', "kind is 'pie': choose from lines, gantt"),
        ('x = "sx"\ny = ["jobs"]', "names 'sx'"),
        ('y = ["jobs"]', "pictures.p.x is ''"),
        ('x = "eta"', "pictures.p.y is []"),
        ('x = "eta"\ny = ["epochs"]', "names 'epochs'"),
        ('x = "eta"\ny = ["jobs"]', "leaves the axis scheduler open"),
        ('x = "eta"\ny = ["jobs"]\nwhere.scheduler = ["sh", "asha"]', "leaves the axis scheduler"),
        ('x = "eta"\ny = ["jobs"]\nwhere.scheduler = "random"', "where.scheduler is 'random'"),
        ('x = "scheduler"\ny = ["jobs"]\nlines = ["eta"]\nlog = "x"', "holds no numbers: leave o"),
        (
            'x = "eta"\ny = ["jobs"]\nlines = ["scheduler"]\nlog = "z"',
            "log is 'z': choose from x, y, xy",
        ),
        ("x = 3", "pictures.p.x is 3"),
        ("colour = 3", "names 'colour'"),
    ],
)
def test_a_picture_that_cannot_be_drawn_is_refused(tmp_path, picture, named):
    axes = '[axes]\nscheduler = ["sh", "asha"]\neta = [2, 3]\n'
    text = f"{TEXT[: TEXT.index('[axes]')]}{axes}[pictures.p]\n{picture}\n"
    with pytest.raises(InputError, match=r"mine\.toml, line (1[5-9]|20): ") as refusal:
        study(tmp_path, text)
    assert named in str(refusal.value)


def test_an_unknown_study_is_told_which_there_are():
    with pytest.raises(InputError, match=r"no study 'asha-a2'.*asha-a1"):
        read("asha-a2")


def test_an_experiment_is_sent_to_run(tmp_path):
    with pytest.raises(
        InputError, match=r"s\.toml is an experiment.*: run it with rungsim run --from .*s\.to"
    ):
        parse('curves = "power-law"\nworkers = 4\n', tmp_path / "s.toml")


def test_what_comes_with_rungsim_can_be_run():
    for name in shipped():
        experiments.check(read(name))


def test_a_picture_is_written_to_its_folder_only(tmp_path):
    text = f'{TEXT}[pictures."../p"]\nkind = "gantt"\n'
    with pytest.raises(InputError, match="not a file name"):
        study(tmp_path, text)


@pytest.mark.parametrize(
    ("entries", "wanted"),
    [
        ('curves = "power-law"\nseed = 5000000000\nworkers = 2', "line 5: the seed is"),
        ('curves = "power-law"\nsearcher = "grid"\nworkers = 2', "line 5: experiment.searcher"),
    ],
)
def test_needed_curves_are_blamed_last(tmp_path, entries, wanted):
    path = tmp_path / "mine.toml"
    path.write_text(f'title = "x"\nmeasures = ["jobs"]\n[experiment]\n{entries}\n')
    with pytest.raises(InputError) as caught:
        experiments.check(read(str(path)))
    assert wanted in str(caught.value)
