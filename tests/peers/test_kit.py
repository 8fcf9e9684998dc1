"""The schedulers of other libraries keep the laws of the test kit that they do not disclaim."""

import pytest

from sim.testing import BrokenLaw, World, check_scheduler, laws_of
from sim.testing.by_name import scheduler_factory


def factory_of(name):
    pytest.importorskip(name.partition(":")[0].replace("-", "_"), reason="absent")
    return scheduler_factory(name, {})


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "optuna:SuccessiveHalvingPruner",
        "optuna:HyperbandPruner",
        "ray:ASHAScheduler",
        "syne-tune:ASHA",
    ],
)
def test_they_keep_every_law(name):
    factory = factory_of(name)
    check_scheduler(factory, max_examples=12, laws=laws_of(factory) - {"cost"})


def test_ray_hyperband_waits_for_ever_for_a_lost_trial():
    world = World(losses=((0.0,), (0.0,)), r_max=2, lost=frozenset({2}))
    with pytest.raises(BrokenLaw, match=r"^lost: exhaustion: WAIT while nothing is running"):
        check_scheduler(factory_of("ray:HyperBandScheduler"), laws=["lost"], worlds=[world])
