"""One thread, as the recorder's workers have: the test suite runs on every core already."""

import os
import sys
from collections import Counter
from itertools import count

import pytest
import torch

from real.cluster import journal
from real.cluster.cluster import JOURNAL

torch.set_num_threads(1)
_numbers = count()


@pytest.fixture
def homemade(tmp_path, monkeypatch):
    """Write a module of the user's in the current folder, and return the name of its `Task`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    name = f"homemade_{os.getpid()}_{next(_numbers)}"  # a task is kept, under the module's name

    def write(code):
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
        return f"{name}:Task"

    yield write
    sys.modules.pop(name, None)


@pytest.fixture
def epochs_of():
    """Return a count of the (trial, epoch, loss) that the journal in a folder has reported."""

    def epochs_of(folder):
        jobs, epochs = {}, Counter()
        for event in journal.read(folder / JOURNAL):
            if isinstance(event, journal.Started):
                jobs[event.job] = event
            elif isinstance(event, journal.Reported):
                job = jobs[event.job]
                epochs.update(
                    (job.trial, epoch, loss)
                    for epoch, loss in enumerate(event.losses, job.start + 1)
                )
        return epochs

    return epochs_of
