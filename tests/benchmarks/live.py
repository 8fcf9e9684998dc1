"""What a job on a live cluster costs beside its training, as a share of it. Asserts nothing.

    python tests/benchmarks/live.py

Two workers train LeNet on the shipped subset under ASHA, in jobs of about a second an epoch, with
all that belongs to a run: journal, checkpoints, scheduler, processes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from real import live
from real.tasks import task
from real.tasks.trainer import SGDTrainer
from sim.jobs.limits import Limits

PASSES = 8  # over the subset, for one long epoch


class LongEpochs:
    """A trainer whose epochs are several of another's."""

    def __init__(self, trainer: SGDTrainer) -> None:
        self.trainer = trainer

    def train_epoch(self) -> float:
        """Train for about a second."""
        return [self.trainer.train_epoch() for _ in range(PASSES)][-1]

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the other."""
        return self.trainer.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load the state of the other."""
        self.trainer.load_state_dict(state)


class Long:
    """The task lenet on the subset, in long epochs."""

    name, r_max = "long", 4

    def __init__(self) -> None:
        self._task = task.build("lenet", source="subset")
        self.space = self._task.space

    def trainer(self, config: Mapping[str, Any], seed: int) -> LongEpochs:
        """Return the training of `config`."""
        return LongEpochs(self._task.trainer(config, seed))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=40)
    args = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parent))
    experiment = live.LiveExperiment(task="live:Long", limits=Limits(max_jobs=args.jobs))
    with tempfile.TemporaryDirectory() as folder:
        live.begin(experiment, Path(folder))
        lived = live.run(experiment, Path(folder))
    jobs = lived.trace.jobs
    training = (jobs["ended"] - jobs["started"] - jobs["overhead"]).to_numpy()
    epochs = (jobs["stop"] - jobs["start"]).to_numpy()
    kinds = {
        "from scratch": jobs["start"] == 0,
        "carried straight on, or restored": jobs["start"] > 0,
        "all": jobs["start"] >= 0,
    }
    print(f"an epoch takes {training.sum() / epochs.sum():.2f} s")
    for kind, those in kinds.items():
        overhead = jobs["overhead"][those]
        print(
            f"{kind}: {those.sum()} jobs, not training: median {1e3 * overhead.median():.1f}, "
            f"mean {1e3 * overhead.mean():.1f}, most {1e3 * overhead.max():.1f} ms; "
            f"{overhead.median():.1%} (mean {overhead.mean():.1%}) of a job of one second"
        )


if __name__ == "__main__":
    main()
