"""The kit: what it plays, what it accepts, what it finds, and that what it prints runs again."""

import datetime as dt
import random
import subprocess
import sys
import time
from functools import partial
from math import inf, isnan, nan
from pathlib import Path

import numpy as np
import pytest

from learning_curves.errors import InputError
from sim.schedulers import (
    ASHA,
    RULES,
    AsyncHyperband,
    Idle,
    Job,
    MedianStopping,
    ProtocolError,
    RandomSearch,
    StoppingASHA,
    SuccessiveHalving,
)
from sim.schedulers.catalogue import SCHEDULERS
from sim.testing import (
    CLAIMED,
    LAWS,
    BrokenLaw,
    World,
    check_laws,
    check_scheduler,
    laws_of,
    play,
    scheduler_checks,
)
from sim.testing.by_name import scheduler_factory
from sim.testing.explain import trace
from sim.testing.playing.environment import another_environment
from sim.testing.playing.worlds import named
from sim.testing.search import Unsteady, smallest

# Two workers, eta 2, levels 1, 2, 4. An epoch of trials 1 and 2 takes 2 s. At 2 s trial 1 is the
# best 1 of 2 at epoch 1. At 3 s job 2 is lost: of 3 results there, still 1 is among the best.
WORLD = World(losses=((0.5, 0.3), (0.4,), (0.2,)), seconds=(1, 2, 2), workers=2, lost={2})
CONVERSATION = """\
      0 s  worker 0  next_job() -> trial 0, epochs 0 to 1
      0 s  worker 1  next_job() -> trial 1, epochs 0 to 1
      1 s  worker 0  job_done(trial 0, epochs 0 to 1, [0.5])
      1 s  worker 0  next_job() -> trial 2, epochs 0 to 1
      2 s  worker 1  job_done(trial 1, epochs 0 to 1, [0.4])
      2 s  worker 1  next_job() -> trial 1, epochs 1 to 2
      3 s  worker 0  job_lost(trial 2, epochs 0 to 1)
      3 s  worker 0  next_job() -> WAIT
      4 s  worker 1  job_done(trial 1, epochs 1 to 2, [0.4])
      4 s  worker 1  next_job() -> DONE"""


def test_a_conversation_by_hand():
    assert str(play(ASHA, WORLD)) == CONVERSATION


def test_its_trace_has_its_jobs():
    jobs = trace(play(ASHA, WORLD)).jobs
    assert jobs["trial"].tolist() == [0, 1, 2, 1]
    assert jobs["outcome"].tolist() == ["done", "done", "lost", "done"]
    assert jobs["ended"].tolist() == [1, 2, 3, 4]
    assert isnan(jobs["loss"][2])


def test_a_world_is_written_as_the_call_that_makes_it():
    world = World(losses=((nan, inf),), workers=3, lost=frozenset({1}), first=7)
    again = eval(repr(world), {"World": World, "nan": nan, "inf": inf})  # noqa: S307  our own text
    assert repr(again) == repr(world)


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("lost", ["inf", "vanish"])
def test_the_built_in_schedulers_keep_every_law(name, lost):
    factory = scheduler_factory(name, {}, lost=lost)
    check_scheduler(factory, max_examples=25, laws=laws_of(factory) - {"cost"}, seed=3)


@pytest.mark.parametrize("rule", RULES)
def test_the_stopping_rules_keep_every_law_that_they_claim(rule):
    factory = partial(StoppingASHA, rule=rule)
    check_scheduler(factory, max_examples=25, laws=laws_of(factory) - {"cost"})


@pytest.mark.parametrize(
    "factory",
    [ASHA, StoppingASHA, SuccessiveHalving, AsyncHyperband, MedianStopping],
    ids=lambda each: each.__name__,
)
def test_decisions_do_not_grow_dear(factory):
    check_scheduler(factory, laws=["cost"])


class Forgetful(ASHA):
    """Drops half of the reports of lost jobs: nobody hears of the second one."""

    def __init__(self, searcher, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self.losses = 0

    def job_lost(self, job):
        self.losses += 1
        if self.losses != 2:
            super().job_lost(job)


def test_a_broken_law_comes_with_the_smallest_run():
    with pytest.raises(BrokenLaw) as caught:
        check_scheduler(Forgetful)
    broken = caught.value
    assert broken.law is LAWS["lost"]
    assert (
        broken.message == "exhaustion: WAIT while nothing is running: nobody would ever ask again"
    )
    # Two lost jobs are needed, and no more: of two trials, at one rung, on one worker.
    assert len(broken.conversation.world.losses) == 2
    assert broken.conversation.world.lost == {0, 1}
    assert [line.call for line in broken.conversation.lines].count("job_lost") == 2
    assert broken.law.sentence in broken.details
    assert "worker 0 |0xxx1xxx" in broken.details


def test_the_chart_is_a_png(tmp_path):
    with pytest.raises(BrokenLaw) as caught:
        check_scheduler(Forgetful, laws=["lost"])
    caught.value.save_chart(tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


MINE = """
from sim.schedulers import ASHA

class Mine(ASHA):
    claims = ("quota",)

    def job_done(self, job, losses):
        super().job_done(job, [-loss for loss in losses])
"""


@pytest.mark.slow
def test_the_program_that_is_printed_breaks_the_law_again(tmp_path, monkeypatch):
    (tmp_path / "mine_in_a_program.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    from mine_in_a_program import Mine

    with pytest.raises(BrokenLaw) as caught:
        check_scheduler(Mine, laws=["quota"])
    assert caught.value.law.name == "quota"
    _, program = caught.value.details.split("To run it again:\n")
    program = "\n".join(line.removeprefix("    ") for line in program.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "=> quota" not in done.stdout  # play() knows no claims
    assert str(caught.value) in done.stderr


def test_the_same_seed_finds_the_same_run():
    found = []
    for _ in range(2):
        with pytest.raises(BrokenLaw) as caught:
            check_scheduler(Forgetful, seed=5, laws=["lost"])
        found.append(str(caught.value))
    assert found[0] == found[1]


def test_what_relies_on_a_broken_law_is_not_checked():
    class Waits(RandomSearch):
        def next_job(self):
            answer = super().next_job()
            return Idle.WAIT if answer is Idle.DONE else answer

    results = {each.law.name: each for each in check_laws(Waits, max_examples=20)}
    assert results["exhaustion"].broken
    assert results["determinism"].broken is None
    assert not results["lost"].known
    assert str(results["lost"]).startswith("unknown lost ")
    assert set(results) == laws_of(Waits)


class ByIdentity(RandomSearch):
    """Finds its jobs by the identity of the object."""

    def __init__(self, searcher, r_max):
        super().__init__(searcher, r_max=r_max)
        self.jobs = {}

    def next_job(self):
        answer = super().next_job()
        self.jobs[id(answer)] = answer
        return answer

    def job_done(self, job, losses):
        del self.jobs[id(job)]
        super().job_done(job, losses)


class Raises(RandomSearch):
    """Raises the error of the protocol itself."""

    def job_lost(self, job):
        raise ProtocolError(f"cannot lose {job.trial.number}")


class ReadsAll(RandomSearch):
    """Walks through all results at each report."""

    def __init__(self, searcher, r_max):
        super().__init__(searcher, r_max=r_max)
        self.all = []

    def job_done(self, job, losses):
        super().job_done(job, losses)
        self.all.append(float(losses[-1]))
        for loss in self.all:
            self.best = loss


class Chance(RandomSearch):
    """Draws from a generator without a seed, and starts trials again by chance."""

    def __init__(self, searcher, r_max):
        super().__init__(searcher, r_max=r_max)
        self.rng = random.Random()  # noqa: S311  the mistake

    def next_job(self):
        answer = super().next_job()
        if isinstance(answer, Job) and self.rng.random() < 0.3:
            return answer._replace(start=1)
        return answer


class FirstUp(ASHA):
    """Promotes the first arrival of each rung, as rules of stopping do."""

    claims = ("quota",)

    def next_job(self):
        for k, rung in enumerate(self.rungs[:-1]):
            if len(rung) == 1 and not rung.promotable and self._entered[k + 1] == 0:
                trial = rung.best(1)
                if trial:
                    self._entered[k + 1] += 1
                    rung._candidates.clear()
                    return Job(trial[0], self.levels[k], self.levels[k + 1])
        return super().next_job()


@pytest.mark.parametrize(
    ("factory", "law"),
    [
        (ByIdentity, "resume"),
        (Raises, "lost"),
        (ReadsAll, "cost"),
        (Chance, "determinism"),
        (FirstUp, "quota"),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_more_mistakes_and_the_law_that_names_them(factory, law):
    with pytest.raises(BrokenLaw) as caught:
        check_scheduler(factory, max_examples=60)
    assert caught.value.law.name == law


class Four(RandomSearch):
    """Stops after four trials, and says so."""

    disclaims = ("early-done",)

    def __init__(self, searcher, r_max):
        super().__init__(searcher, r_max=r_max)
        self.left = 4

    def next_job(self):
        if not self.left:
            return Idle.DONE
        answer = super().next_job()
        self.left -= isinstance(answer, Job)
        return answer


class FixedEnd(ASHA):
    """Three rungs above the first, wherever that is."""

    def __init__(self, searcher, r_min, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_min * eta**3, eta=eta)


class SaysNothing(ASHA):
    """Does not know which trials may go on, and says so."""

    disclaims = ("may-go-on",)

    def may_go_on(self, _job):
        return False


@pytest.mark.parametrize("factory", [Four, FixedEnd, SaysNothing], ids=lambda each: each.__name__)
def test_what_is_legal_is_not_condemned(factory):
    check_scheduler(factory, max_examples=60)


def test_losses_of_any_size_keep_their_ranks():
    world = World(losses=((1000.0,), (-12.0,), (-11.0,), (1e300,)), r_max=2)
    check_scheduler(ASHA, laws=["ranks"], worlds=[world])


def test_settings_that_are_refused():
    class Large(RandomSearch):
        def __init__(self, searcher, r_max):
            if r_max < 10**6:
                raise ValueError("too short")
            super().__init__(searcher, r_max=r_max)

    with pytest.raises(InputError, match="refuses every setting: ValueError: too short"):
        check_scheduler(Large)


def test_each_law_can_be_a_test_of_its_own():
    checks = {str(each): each for each in scheduler_checks(Forgetful, max_examples=100)}
    assert set(checks) == laws_of(Forgetful)
    checks["quota"]()
    with pytest.raises(BrokenLaw, match=r"^lost: "):
        checks["lost"]()


def test_claims_and_disclaims():
    class Own(RandomSearch):
        claims = ("order",)
        disclaims = ("finishes",)

    assert laws_of(Own) == (frozenset(LAWS) - CLAIMED | {"order"}) - {"finishes"}


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        (("quotas",), "the law is 'quotas': did you mean quota?"),
        (("quota",), "claims quota and has no levels: give it an attribute levels"),
    ],
)
def test_claims_that_cannot_be_checked(claims, said):
    class Own(RandomSearch):
        pass

    Own.claims = claims
    with pytest.raises(InputError, match=said.replace("?", r"\?")):
        check_scheduler(Own)


def test_a_scheduler_that_refuses_every_setting():
    def refuse(searcher):
        raise ValueError(f"not with {type(searcher).__name__}")

    with pytest.raises(InputError, match="refuses every setting: ValueError: not with Searcher"):
        check_scheduler(refuse)


def test_the_arguments_that_a_factory_names():
    class Passes(RandomSearch):
        def __init__(self, *, patience=1, **settings):
            super().__init__(**settings)
            self.patience = patience

    assert {"searcher", "r_max", "patience"} <= named(Passes)
    assert "r_max" not in named(partial(Passes, r_max=3))
    assert named(lambda searcher: searcher) == {"searcher"}


def test_a_failure_that_comes_and_goes_is_reported():
    seen = []

    def test(number):
        seen.append(number)
        if len(seen) == 3:
            raise BrokenLaw(LAWS["answer"], "once")

    from hypothesis import strategies as st

    with pytest.raises(Unsteady):
        smallest(test, st.integers(), BrokenLaw, max_examples=20, seed=0)


def test_another_environment_is_restored():
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    clocks = time.time, time.monotonic, dt.datetime
    with another_environment(1, __name__):
        first = time.monotonic()
        assert time.monotonic() - first > 3000
        assert dt.datetime.now(dt.UTC).year > clocks[2].now(dt.UTC).year
        random.seed(1)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002
    assert (time.time, time.monotonic, dt.datetime) == clocks


def test_the_page_names_every_law():
    page = (Path(__file__).parents[3] / "docs/testing.md").read_text(encoding="utf-8")
    for law in LAWS.values():
        assert f"| `{law.name}` | {law.sentence} |" in page
