"""Processes that come and go, and lose what they were sent: each run is yielded once."""

from concurrent.futures import Executor, Future
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_curves.errors import InputError
from sim.studies.parallel import inputs
from sim.studies.parallel.pool import Here
from sim.studies.runner import run_all
from sim.studies.study_file import parse

TEXT = """
measures = ["jobs", "best_loss"]
seeds = 3
experiment.curves = "power-law"
experiment.r_max = 4
experiment.limits.max_jobs = 5
axes.scheduler = ["sh", "asha", "random"]
"""
STUDY = parse(TEXT, Path("mine.toml"))
TRUTH = {each.place: each.values for each in run_all(STUDY, range(STUDY.runs))}


class Process(Executor):
    """A process with a memory of its own for inputs; what it is given is done at once."""

    def __init__(self):
        self.known = {}
        self.received = 0

    def submit(self, fn, /, *args, **kwargs):
        before, inputs._known = inputs._known, self.known
        self.received += any(isinstance(each, bytes) for each in args)
        future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  as any process
            future.set_exception(error)
        finally:
            inputs._known = before
        return future


class Changing:
    """Pools of which some are there at each look, as `looks` says; in the end the last ones."""

    helper = Here()

    def __init__(self, processes, looks):
        self.looks = [tuple(processes[k] for k in sorted(look)) for look in looks]

    def now(self):
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def shared(self, content):
        return content


@settings(max_examples=60)
@given(looks=st.lists(st.sets(st.integers(0, 3), min_size=1), min_size=1, max_size=12))
def test_each_run_is_yielded_once_whichever_processes_come_and_go(looks):
    processes = [Process() for _ in range(4)]
    places = [each for each in range(STUDY.runs) if each != 4]
    made = list(run_all(STUDY, places, Changing(processes, looks)))
    assert sorted(each.place for each in made) == places
    assert {each.place: each.values for each in made} == {k: TRUTH[k] for k in places}
    assert all(each.received <= 1 for each in processes)  # its inputs, once


def test_a_process_that_was_replaced_is_sent_the_inputs_again():
    process = Process()
    rows = run_all(STUDY, range(STUDY.runs), Changing([process], [{0}]))
    assert next(rows).values
    process.known.clear()
    assert len(list(rows)) == STUDY.runs - 1
    assert process.received == 2


def test_a_process_keeps_the_inputs_of_the_last_four_studies(monkeypatch):
    monkeypatch.setattr(inputs, "_known", {})
    content = inputs.packed(STUDY)
    for name in "abcdaef":  # a was used after b
        assert inputs.opened(name, content) == {}
    assert [name for name in "abcdef" if inputs.opened(name, None) is not None] == list("adef")
    assert inputs.opened(sha256(b"another").hexdigest(), None) is None


OWN = "class Half:\n    def __init__(self, r_max):\n        self.r_max = r_max\n"


def test_a_module_of_the_users_own_must_be_there_and_be_the_same(tmp_path, monkeypatch):
    module = f"own_{tmp_path.name}".replace("-", "_")
    file = tmp_path / f"{module}.py"
    file.write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(inputs, "_known", {})
    text = TEXT.replace('"random"', f'"{module}:Half"')
    content = inputs.packed(parse(text, tmp_path / "mine.toml"))
    assert inputs.opened("one", content) == {}
    file.write_text(f"{OWN}# changed\n")
    with pytest.raises(InputError, match=f"has another module {module} than the study: copy"):
        inputs.opened("two", content)
    content = inputs.packed(parse(text, tmp_path / "mine.toml"))
    with pytest.raises(InputError, match=f"{module} has changed since .* loaded it: restart"):
        inputs.opened("three", content)
    monkeypatch.delitem(__import__("sys").modules, module)
    file.unlink()
    with pytest.raises(InputError, match=f"lacks a module of your own: .*no module '{module}'"):
        inputs.opened("four", content)
