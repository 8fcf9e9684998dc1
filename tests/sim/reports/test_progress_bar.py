"""The progress of long work: what a terminal and a log show, at what time by a fake clock."""

from io import StringIO

from rich.console import Console
from rich.progress import Task, TaskID

from sim.reports import progress_bar
from sim.reports.progress_bar import ProgressBar, _TimeLeft


def test_the_time_left_is_counted_down_to_the_expected_end():
    now = [100.0]
    task = Task(TaskID(0), "work", 40, 3, _get_time=lambda: now[0], fields={"ends": 75.0})
    task.start_time = 90.0
    shown = []
    for now[0] in (100.0, 104.6, 164.0, 200.0):  # 10 s, 14.6 s, 74 s, 110 s after the start
        shown.append(str(_TimeLeft().render(task)))
    assert shown == ["0:01:05", "0:01:00", "0:00:01", "0:00:00"]


def test_a_log_says_how_much_time_is_left_if_that_was_told(monkeypatch):
    monkeypatch.setattr(progress_bar, "_EVERY", -1.0)
    monkeypatch.setattr(ProgressBar, "elapsed", 60.0)
    text = StringIO()
    with ProgressBar("mine", 3, screen=Console(file=text, width=80)) as bar:
        bar.advance()
        bar.advance(seconds_left=75.0)
        monkeypatch.setattr(ProgressBar, "elapsed", 90.0)
        bar.advance()
    assert text.getvalue().splitlines() == [
        "mine: 1 of 3 runs after 60.0 s",
        "mine: 2 of 3 runs after 60.0 s, 75.0 s left",
        "mine: 3 of 3 runs after 90.0 s, 45.0 s left",
    ]
