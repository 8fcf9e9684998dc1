"""`rungsim report` end to end, of a study and of a run."""

import csv
import json
import shlex
import shutil

import pytest

from sim.commands.cli import main
from sim.reports import study_report
from sim.reports.html import study_page
from sim.studies import study_file
from tests.sim.reports.html.conftest import IMAGE, QUOTES, SCRIPT, TEMPLATE, Read


def read(folder):
    return Read((folder / "report.html").read_text(encoding="utf-8"))


def configs(chart):
    return chart.get("configs", {}).values()


def test_the_page_of_a_study_shows_hostile_names_as_text(hostile):
    page = read(hostile)
    text = [each for texts in page.text.values() for each in texts]
    assert any(each.startswith("<script>alert(3)</script> & </title> \\x07") for each in text)
    assert {SCRIPT, QUOTES, IMAGE} <= set(page.text["td"]) | set(page.text["th"])
    assert any(TEMPLATE in each for each in page.text["h1"])
    assert any(TEMPLATE in each for chart in page.data["charts"] for each in configs(chart))
    assert len(page.of("script")) == 3
    assert not [tag for tag, _ in page.elements if tag in {"img", "iframe", "link", "object"}]


def test_the_page_has_the_numbers_that_the_command_prints(hostile):
    page = read(hostile)
    study = study_file.read(str(hostile / "study.toml"))
    with (hostile / "runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    told = page.data["runs"]
    assert told["values"] == [
        [study_report.number(name, float(row[name])) for name in study.measures] for row in rows
    ]
    assert told["seeds"] == 6
    assert page.text["summary"][0].startswith("reached r_max against scheduler random")
    anchors = [row["id"] for row in page.of("tr") if "id" in row]
    assert anchors == [f"cell-{place}" for place in range(len(study.cells))]


def test_the_command_of_a_run_repeats_it(hostile, capsys):
    runs = read(hostile).data["runs"]
    row = 8  # the second cell's run of seed 1
    program, *arguments = shlex.split(f"{runs['command']} --row {row}")
    assert program == "rungsim"
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["seed"] == 1
    assert f"{told['finished']:,}" == runs["values"][row - 1][0]


def test_charts_follow_the_choice_and_lead_to_cells(hostile):
    page = read(hostile)
    # The lines along workers leave one axis open, the curves over time leave workers open, too.
    assert [choice["data-axis"] for choice in page.of("select")] == [IMAGE, "workers"]
    lines = [t for chart in page.data["charts"] for t in chart["traces"] if "error_y" in t]
    # Measures: finished, time_to_target, best_loss, end_seconds, the speedup and the efficiency;
    # lost is 0. Each has two schedulers times two settings.
    assert len(lines) == 6 * 4
    assert {tuple(line["meta"].values()) for line in lines} == {(SCRIPT,), (QUOTES,)}
    assert sorted({cell for line in lines for cell in line["customdata"]}) == list(range(12))
    assert {line["x"][2] for line in lines} == {8.0}


def test_each_timeline_is_the_run_of_the_first_seed(hostile):
    page = read(hostile)
    gantts = [chart for chart in page.data["charts"] if "jobs" in chart]
    assert len(gantts) == 12
    assert page.data["runs"]["gantts"] == {str(k): f"timeline-{k}" for k in range(12)}
    finished = [
        sum(
            stop == 3 and outcome == "done"
            for stop, outcome in zip(g["jobs"]["stop"], g["jobs"]["outcome"], strict=True)
        )
        for g in gantts
    ]
    values = page.data["runs"]["values"]
    assert [f"{each:,}" for each in finished] == [values[6 * cell][0] for cell in range(12)]
    assert "&lt;img src=x" in gantts[0]["configs"]["0"] + gantts[0]["configs"]["1"]


def test_the_same_folder_gives_the_same_bytes(hostile, tmp_path):
    again = tmp_path / "again.html"
    assert main(["report", str(hostile), "--out", str(again)]) == 0
    assert again.read_bytes() == (hostile / "report.html").read_bytes()
    assert len(again.read_bytes()) < 5e6


def test_a_study_that_is_not_whole_is_refused(hostile, tmp_path, capsys):
    part = tmp_path / "part"
    shutil.copytree(hostile, part)
    (part / "report.html").unlink()
    text = (part / "runs.csv").read_text()
    (part / "runs.csv").write_text(text[: text.rindex("\n", 0, -1) + 1])
    capsys.readouterr()
    assert main(["report", str(part)]) == 2
    assert "lacks 1 of 72 runs" in capsys.readouterr().err
    assert not (part / "report.html").exists()


def test_without_its_curves_a_study_has_all_but_timelines(hostile, tmp_path):
    changed = tmp_path / "changed"
    shutil.copytree(hostile, changed)
    table = (changed / "hostile.csv").read_text()
    (changed / "hostile.csv").write_text(table.replace(",0,3,", ",0,3,0", 1))
    page = study_page.page(changed)
    told = next(section for section in page.sections if section.anchor == "timelines")
    assert [block.kind for block in told.blocks] == ["note"]
    assert "have changed" in told.blocks[0].text
    assert len(study_page.page(changed, timelines_of=0).sections) == len(page.sections) - 1


def test_survival_and_ranks_are_drawn(hostile):
    page = read(hostile)
    steps = [
        trace
        for chart in page.data["charts"]
        for trace in chart["traces"]
        if trace.get("line", {}).get("shape") == "hv" and "name" in trace
    ]
    assert len(steps) == 2 * 3 * 2  # one for each cell
    assert {step["name"] for step in steps} == {"random", "asha"}
    assert all((step["x"][0], step["y"][0]) == (0.0, 0.0) for step in steps)
    assert any("Mean ranks of scheduler" in text for text in page.text["figcaption"])


def test_the_page_of_a_run_has_its_jobs_and_its_summary(run):
    page = read(run)
    summary = json.loads((run / "summary.json").read_text())
    (gantt,) = (chart for chart in page.data["charts"] if "jobs" in chart)
    assert len(gantt["jobs"]["trial"]) == summary["jobs"]
    assert gantt["jobs"]["outcome"].count("lost") == summary["lost"] > 0
    bars = page.data["charts"][0]["traces"]
    shares = {bar["name"]: bar["x"][0] for bar in bars}
    total = 4 * summary["end_seconds"]
    assert shares["training"] == pytest.approx(summary["worker_seconds"]["training"] / total)
    assert sum(shares.values()) == pytest.approx(1)
    assert f"rungsim run --from {run}/experiment.toml" in page.text["pre"][0]


def test_a_live_run_has_a_page_of_its_own(run, tmp_path):
    live = tmp_path / "live"
    shutil.copytree(run, live)
    (live / "experiment.toml").write_text('task = "softmax"\n')
    raised = json.loads((live / "summary.json").read_text())
    raised["raised"] = {"trials": 2, "first": f"trial 1: {SCRIPT}"}
    (live / "summary.json").write_text(json.dumps(raised))
    assert main(["report", str(live)]) == 0
    page = read(live)
    assert page.text["title"][0].startswith("Live run of asha")
    assert any(SCRIPT in text for text in page.text["p"])
    assert page.text["pre"][0] == f"rungsim parity {live}"


def test_what_cannot_be_reported_is_refused_in_one_line(run, tmp_path, capsys):
    broken = tmp_path / "inner"
    shutil.copytree(run, broken / "run")
    (broken / "run" / "summary.json").write_text("{}")
    cases = {
        tmp_path / "none": "there is no folder",
        broken / "run": "is not the summary of a run",
        broken: "holds neither runs.csv nor jobs.parquet",
    }
    for folder, message in cases.items():
        capsys.readouterr()
        assert main(["report", str(folder)]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert message in said
    capsys.readouterr()
    assert main(["report", str(run), "--out", str(tmp_path / "no/report.html")]) == 2
    assert "there is no folder" in capsys.readouterr().err
