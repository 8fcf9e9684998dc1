"""Syne Tune's simulator on losses and seconds in memory, and our table of the same."""

import numpy as np
import pandas as pd
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend.simulator_backend.simulator_backend import SimulatorConfig
from syne_tune.backend.simulator_backend.simulator_callback import SimulatorCallback
from syne_tune.blackbox_repository.blackbox_tabular import BlackboxTabular
from syne_tune.blackbox_repository.simulated_tabular_backend import UserBlackboxBackend
from syne_tune.config_space import choice, randint

from learning_curves import from_frame


class ToTheNextEvent(SimulatorCallback):
    """Advances the clock to the next event, rather than by a fixed step."""

    def on_tuning_start(self, tuner):
        super().on_tuning_start(tuner)
        self.backend = tuner.trial_backend

    def on_tuning_sleep(self, sleep_time):  # noqa: ARG002
        events = self.backend._simulator_state.event_heap
        if events:
            self._time_keeper.advance_to(events[0][0])


def tuner_of(losses, seconds, make, workers, end, callback):
    """Return a tuner of the scheduler that `make` makes of a space, and all of its configs."""
    configs, r_max = losses.shape
    # Its tables need two hyperparameters.
    numbers = [{"number": number, "again": number} for number in range(configs)]
    space = dict.fromkeys(("number", "again"), choice(list(range(configs))))
    backend = UserBlackboxBackend(
        blackbox=BlackboxTabular(
            hyperparameters=pd.DataFrame(numbers),
            configuration_space=space,
            fidelity_space={"epoch": randint(1, r_max)},
            objectives_evaluations=np.stack([losses, seconds.cumsum(axis=1)], axis=-1)[:, None],
            objectives_names=["loss", "elapsed"],
        ),
        elapsed_time_attr="elapsed",
        seed=0,
        simulator_config=SimulatorConfig(0.0, 0.0, 0.0, 0.0, 0.0),
        tuner_sleep_time=0.0,
    )
    return Tuner(
        trial_backend=backend,
        scheduler=make(space, numbers),
        stop_criterion=StoppingCriterion(max_wallclock_time=end),
        n_workers=workers,
        sleep_time=0,
        callbacks=[callback],
        save_tuner=False,
        suffix_tuner_name=False,
        tuner_name="peer",
        print_update_interval=1e9,
    )


def table_of(losses, seconds):
    """Return the table of one config for each row."""
    configs, r_max = losses.shape
    number = np.repeat(np.arange(configs), r_max)
    return from_frame(
        pd.DataFrame(
            {
                "config_id": number,
                "number": number,
                "seed": 0,
                "epoch": np.tile(np.arange(1, r_max + 1), configs),
                "validation_error": losses.ravel(),
                "seconds": seconds.ravel(),
            }
        )
    )
