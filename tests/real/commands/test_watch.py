"""What is shown of a live run: on a terminal a table that goes on, elsewhere lines."""

import io
from math import inf

import pytest
from rich.console import Console

from real.cluster.journal import Ended, Idled, Lost, Reported, Started, Stopped
from real.commands.watch import Watch
from real.live import LiveExperiment
from sim.jobs.limits import Limits

FAST = {"lr": 0.1, "units": 64}
SLOW = {"lr": 0.001, "units": 8}


def started(seconds, job, trial, start, stop, worker, config, attempt=0):
    return Started(seconds, job, trial, config, start, stop, 0, worker, attempt)


def reported(seconds, job, *losses, error="", unreadable=""):
    return Reported(seconds, job, list(losses), [1.0] * len(losses), 0.0, 0.0, error, unreadable)


def screen(terminal):
    text = io.StringIO()
    return Console(
        file=text, force_terminal=terminal, width=200, markup=False, color_system=None, _environ={}
    )


class Seen:
    """A watch of a run of two workers, on a clock that stands still unless it is put on."""

    def __init__(self, known=0, *, terminal=False, **settings):
        self.time = 0.0
        self.console = screen(terminal)
        values = {"task": "mine", "scheduler": "asha", "workers": 2, "attempts": 3}
        self.watch = Watch(
            LiveExperiment(**values | settings),
            known,
            console=self.console,
            now=lambda: self.time,
        )

    def hear(self, *events):
        for event in events:
            self.watch.hear(event)
        return self

    @property
    def lines(self):
        return self.console.file.getvalue().splitlines()

    def view(self, later=0.0):
        """Return the lines of the table, `later` seconds after the last event."""
        self.time += later
        with self.console.capture() as capture:
            self.console.print(self.watch._view())
        return [" ".join(line.split()) for line in capture.get().splitlines() if line.strip()]


BEGUN = (started(0.0, 0, 0, 0, 1, 0, FAST), started(0.0, 1, 1, 0, 4, 1, SLOW))


def test_the_table_shows_what_each_worker_trains_and_for_how_long():
    first, head, rule, *workers = Seen().hear(*BEGUN).view(later=5.0)
    assert first.startswith("asha on mine, 5.0 s: 0 jobs done, 2 trials, 0 epochs")
    assert head == "worker trial epochs for last loss busy config"
    assert set(rule) == {"─"}
    assert workers == [
        "0 0 1 5.0 s 100% lr 0.1, units 64",
        "1 1 1 to 4 5.0 s 100% lr 0.001, units 8",
    ]


def test_the_table_shows_the_best_loss_and_what_each_worker_reported_last():
    seen = Seen().hear(
        *BEGUN,
        reported(2.0, 0, 0.25),
        started(2.0, 2, 2, 0, 2, 0, SLOW),
        reported(4.0, 2, 0.7, 0.5),
        Idled(4.0, "WAIT"),
    )
    heading, best, _, _, *workers = seen.view()
    assert "2 jobs done, 3 trials, 3 epochs" in heading
    assert best == "best loss 0.2500: trial 0, lr 0.1, units 64"
    assert workers == ["0 - waits 0.5000 100%", "1 1 1 to 4 4.0 s 100% lr 0.001, units 8"]


def test_idle_is_the_share_of_all_workers_time_in_which_they_trained_nothing():
    seen = Seen().hear(*BEGUN, reported(2.0, 0, 0.25), Idled(2.0, "WAIT"))
    heading, _, _, _, *workers = seen.view(later=2.0)  # of 4 s, one worker waited for 2
    assert "workers idle 25% of the time" in heading
    assert [worker.split("%")[0].split()[-1] for worker in workers] == ["50", "100"]


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        (Limits(max_seconds=60.0), "about 50.0 s left"),
        (Limits(max_epochs=6), "about 20.0 s left"),  # 2 took 10 s
        (Limits(max_jobs=3), "about 20.0 s left"),  # 1 took 10 s
        (Limits(max_seconds=25.0, max_jobs=3), "about 15.0 s left"),
        (Limits(max_finished=9), None),
    ],
    ids=["seconds", "epochs", "jobs", "whichever is first", "none to foresee"],
)
def test_the_time_left_is_that_to_the_first_limit_one_can_foresee(limits, left):
    seen = Seen(limits=limits).hear(started(0.0, 0, 0, 0, 2, 0, FAST), reported(10.0, 0, 0.5, 0.4))
    heading = seen.view()[0]
    assert heading.endswith(left) if left else "left" not in heading


def test_before_the_workers_have_begun_the_run_does_not_age():
    heading, *_, one, other = Seen(limits=Limits(max_seconds=9.0)).view(later=5.0)
    assert "mine, 0.0 s: " in heading
    assert heading.endswith("about 9.0 s left")
    assert (one, other) == ("0 - starts -", "1 - starts -")


def test_without_a_terminal_each_better_loss_is_a_line():
    seen = Seen()
    with seen.watch:
        seen.hear(
            *BEGUN,
            reported(2.0, 0, 0.25),
            reported(150.0, 1, 0.9, 0.8, 0.7, 0.6),
            started(150.0, 2, 0, 1, 2, 1, FAST),
            reported(151.0, 2, 0.125),
            Ended(151.0),
        )
    assert seen.lines == [
        "2.0 s: trial 0, epoch 1: best loss 0.2500, lr 0.1, units 64",
        "2 min 31 s: trial 0, epoch 2: best loss 0.1250, lr 0.1, units 64",
    ]


def test_a_lost_job_is_told_with_its_attempt_and_the_reason():
    seen = Seen().hear(*BEGUN, Lost(3.0, 1, "its process was killed by SIGKILL"))
    assert seen.lines == [
        "3.0 s: trial 1, epochs 1 to 4: lost, attempt 1 of 3: its process was killed by SIGKILL"
    ]
    heading, *_, other = seen.view()
    assert ", 1 lost, " in heading
    assert other == "1 - waits lost 100%"


def test_a_diverged_job_is_told_with_the_reason():
    seen = Seen().hear(
        *BEGUN,
        reported(1.0, 0, inf, error="ValueError: [red]no[/red] good"),
        reported(2.0, 1, 0.5, inf, inf, inf),
    )
    assert seen.lines == [
        "1.0 s: trial 0, epoch 1: diverged: ValueError: [red]no[/red] good",
        "2.0 s: trial 1, epochs 1 to 4: diverged: the loss is not finite",
    ]
    assert [line.split()[3] for line in seen.view()[-2:]] == ["diverged", "diverged"]


def test_the_trials_that_raised_are_counted():
    seen = Seen().hear(*BEGUN, reported(1.0, 0, inf, error="ValueError: no"))
    assert ", 1 trial raised, " in seen.view()[0]
    seen.hear(Lost(2.0, 1, "KeyError: 'w' (mine.py, line 3, load_state_dict)", raised=True))
    assert ", 1 lost, 2 trials raised, " in seen.view()[0]


def test_a_checkpoint_that_cannot_be_read_is_warned_of_once():
    warned = "warning: trial 0, epoch 1: it holds an array; until then, a trial that continues in "
    events = [
        *BEGUN,
        reported(1.0, 0, 0.5, unreadable="it holds an array"),
        reported(2.0, 1, 0.6, 0.6, 0.6, 0.6, unreadable="it holds an array"),
    ]
    warning, best = Seen().hear(*events).lines
    assert warning.startswith(f"1.0 s: {warned}")
    assert best.startswith("1.0 s: trial 0, epoch 1: best loss")
    assert Seen(known=len(events) - 1).hear(*events).lines == []  # a run that was resumed


def test_what_the_journal_held_before_is_in_the_table_but_not_printed_again():
    before = [*BEGUN, reported(2.0, 0, 0.25), Stopped(3.0)]
    seen = Seen(known=len(before)).hear(*before)
    assert seen.lines == []
    heading, best, *_, one, other = seen.view(later=60.0)
    assert "mine, 3.0 s: 1 job done" in heading
    assert best.startswith("best loss 0.2500")
    assert (one, other) == ("0 - starts 0.2500 67%", "1 - starts 100%")
    seen.hear(started(3.0, 2, 1, 0, 4, 0, SLOW, attempt=1), Lost(4.0, 2, "gone"))
    assert seen.lines == ["4.0 s: trial 1, epochs 1 to 4: lost, attempt 2 of 3: gone"]


def test_on_a_terminal_the_table_is_drawn_and_taken_away_at_the_end():
    seen = Seen(terminal=True)
    with seen.watch:
        seen.hear(*BEGUN, reported(2.0, 0, 0.25))
        seen.watch._live.refresh()
        during = seen.console.file.getvalue()
        seen.hear(Ended(2.0))
    text = seen.console.file.getvalue()
    assert "best loss 0.2500: trial 0" in during
    assert "lr 0.001, units 8" in during
    assert text.endswith("\x1b[2K")  # the last of its lines is erased


def test_without_a_terminal_no_table_is_drawn():
    seen = Seen()
    with seen.watch:
        seen.hear(*BEGUN)
    assert seen.lines == []
