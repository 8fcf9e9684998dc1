"""Mistakes in how a rung counts and ranks its results."""

from bisect import bisect_left, insort
from math import inf, isnan, log, log10

from tests.gallery.parts import Around, PlainASHA, PlainHalving, PlainRung, PlainStopping


class PromotedForgotten(PlainASHA):
    """Promoted trials leave the rung before ``n // eta`` is taken.

    Right with at most eta results. At eta 3, 9 results promote 7 trials instead of 3.
    """

    law = "quota"
    claims = ("quota",)
    link = (
        "https://github.com/automl/neps/blob/0e4b072ee7640973027ab33fcf7de23676341304"
        "/neps/optimizers/multi_fidelity/successive_halving.py"
    )
    seen = (
        "NePS lists a config only at the highest rung it was evaluated at, and takes the best "
        "`len(rung) // eta` of what is left there."
    )

    class rung(PlainRung):  # noqa: N801  in the place of an attribute
        def promote(self):
            del self.entries[self.rank(self.unpromoted[0])]
            return super().promote()


class TiesAllPass(PlainASHA):
    """A trial is promotable if fewer than ``n // eta`` trials are strictly better.

    Right while no two losses are equal. At eta 2, 4 equal results promote 4 trials instead of 2.
    """

    law = "survival"
    claims = ("survival",)
    link = "https://github.com/mlr-org/bbotk/issues/217"
    seen = (
        "`Archive$best(n_select = 2)` returns 3 rows when values are tied, so that successive "
        "halving of mlr3hyperband evaluates more than planned."
    )

    class rung(PlainRung):  # noqa: N801
        def rank(self, entry):
            return bisect_left(self.entries, entry[:1])


class TiesReversed(PlainASHA):
    """Of equal losses the higher trial number ranks first.

    Right while no two losses are equal. At eta 2, of two equal results trial 1 is promoted.
    """

    law = "best-first"
    claims = ("best-first",)
    link = "https://github.com/optuna/optuna/pull/5378"
    seen = (
        "A pull request made the last of the trials with the best value the best one; it was "
        "declined, since programs rely on the first one."
    )

    class rung(PlainRung):  # noqa: N801
        def entry(self, trial, loss):
            return loss, -trial.number, trial


class WorstFirst(PlainASHA):
    """The losses are sorted as if they were accuracies.

    Right while all losses are equal. At eta 2, of the losses 0.1 and 0.2 the second is promoted.
    """

    law = "best-first"
    claims = ("best-first",)
    link = "https://github.com/keras-team/keras-tuner/issues/72"
    seen = (
        "Hyperband of KerasTuner sorted the trials in ascending order whatever the direction of "
        "the metric, so that the lowest accuracies were always picked."
    )

    class rung(PlainRung):  # noqa: N801
        def entry(self, trial, loss):
            return (-loss if loss < inf else inf), trial.number, trial


class WorstOfTheBestFirst(PlainHalving):
    """The promoted trials are put into a queue, which is emptied from its end.

    Right while a rung promotes one trial. With levels 1, 2, 4 and eta 2 the second best of the
    first rung starts before the best.
    """

    law = "best-first"
    claims = ("best-first",)
    link = "https://github.com/microsoft/nni/issues/1339"
    seen = (
        "Hyperband and BOHB of NNI launched the top n / eta configurations in reverse: the tenth "
        "trial has the config of the third best of the first nine."
    )

    def queue(self, best):
        super().queue(reversed(best))


class NaNSortsFirst(PlainHalving):
    """The best are the last of the scores in ascending order, where NaN is the very last.

    Right while no loss is NaN. Of the losses 0.1 and NaN the second is promoted.
    """

    law = "diverged"
    claims = ()
    link = "https://github.com/scikit-learn/scikit-learn/issues/20678"
    seen = (
        "HalvingGridSearchCV sorted scores with NumPy, which puts NaN last, and took the last k: "
        "a config whose fit had failed was the best."
    )

    def record(self, trial, loss):
        self._results.append((loss, trial.number, trial))
        self.advance()

    def best(self, count):
        def as_numpy_sorts(result):
            loss, number, _ = result
            return isnan(loss), -loss, -number

        last = sorted(self._results, key=as_numpy_sorts)[-count:]
        return [trial for loss, _, trial in reversed(last) if loss != inf]


class NaNSurvives(PlainStopping):
    """A trial stops if its loss is above the cut, and no comparison with NaN is true.

    Right while no loss is NaN. The first trial to report NaN goes on.
    """

    law = "diverged"
    claims = ()
    rule = "optuna"
    link = "https://github.com/ray-project/ray/issues/6659"
    seen = (
        "One NaN made the percentile of a rung of Ray Tune's AsyncHyperBandScheduler NaN, and no "
        "later trial was below it: none was stopped."
    )

    def passes(self, rung, trial, loss):
        rung.record(trial, loss)
        stops = loss > rung.cut or loss == inf
        return not stops


class LevelsByLogarithm(Around):
    """The number of rungs is a logarithm in floating point, rounded down.

    Right at most settings, such as (r_min, r_max, eta) = (1, 9, 3). At (2, 8, 2), which it has, and
    (1, 243, 3) the level below r_max is lost.
    """

    law = "levels"
    claims = ("levels",)
    link = "https://github.com/optuna/optuna/pull/6835"
    seen = (
        "Hyperband of Optuna builds one bracket too few at (1, 243, 3), because `math.log(243, 3)` "
        "is 4.999999999999999; NNI and Hyperopt.jl had the same."
    )
    r_min, r_max, eta = 2, 8, 2

    def __init__(self, searcher):
        super().__init__(searcher, r_min=self.r_min, r_max=self.r_max, eta=self.eta)
        # The last step to r_max is a whole one: (2, 10, 2) -> 2, 4, 10.
        below = [level for level in self.levels[:-1] if level * self.eta <= self.r_max]
        self.levels = (*below, self.r_max)
        steps = int((log(self.r_max) - log(self.r_min)) / log(self.eta))
        levels = [*(self.r_min * self.eta**k for k in range(steps)), self.r_max]
        self.inner.climb(levels, self.eta)


class LevelsRoundedDown(Around):
    """The levels are powers in floating point, truncated to whole epochs.

    Right at most settings, such as (1, 9, 3). At (1, 9, 2), which it has, level 8 becomes 7.
    """

    law = "levels"
    claims = ("levels",)
    link = "https://github.com/Epistimio/orion/pull/402"
    seen = (
        "ASHA of Orion took the floor of a logarithmic scale: with fidelity(25, 1000, base=2) it "
        "proposed 24 for the bottom rung."
    )
    r_min, r_max, eta = 1, 9, 2

    def __init__(self, searcher):
        super().__init__(searcher, r_min=self.r_min, r_max=self.r_max, eta=self.eta)
        first, step = log10(self.r_min), log10(self.eta)
        levels = [int(10 ** (first + k * step)) for k in range(len(self.levels) - 1)]
        self.inner.climb([*levels, self.r_max], self.eta)


class WorstIsChance(PlainASHA):
    """A diverged or lost trial is recorded with the fixed loss 0.5, as if that were the worst.

    Right if all other losses are below. At eta 2, of NaN and 0.4 one trial is promoted, of NaN and
    0.6 none.
    """

    law = "ranks"
    claims = ("ranks",)
    link = "https://github.com/automl/auto-sklearn/issues/771"
    seen = (
        "auto-sklearn gave a crashed run the hard-coded loss 1.0, which is better than most mean "
        "squared errors."
    )

    class rung(PlainRung):  # noqa: N801
        def record(self, trial, loss):
            if loss < inf:
                return super().record(trial, loss)
            self.recorded += 1
            insort(self.entries, self.entry(trial, 0.5))
            return self.promotable


class BetterByTolerance(PlainStopping):
    """A trial goes on if it is better than the best so far by a fixed difference of the losses.

    Right while the losses differ by more. Of 0.5 and 0.4 only the first goes on, of 5 and 4 both.
    """

    law = "ranks"
    claims = ("ranks",)
    link = "https://github.com/dask/dask-ml/pull/221"
    seen = (
        "Hyperband of dask-ml passes `tol` to its brackets: training ends when the score grows by "
        "less, whatever the unit of the score."
    )
    tolerance = 0.2

    def __init__(self, searcher, *, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self.best = dict.fromkeys(self.levels, inf)

    def passes(self, rung, trial, loss):  # noqa: ARG002  ties do not go on
        best = self.best[rung.level]
        self.best[rung.level] = min(best, loss)  # which is `best` for NaN
        return loss < best - self.tolerance


class WholeRungSorted(PlainASHA):
    """Each decision sorts all results of the rung.

    Right, but at 10,000 results a decision costs ten times what it costs at 1,000.
    """

    law = "cost"
    claims = ()
    link = "https://github.com/syne-tune/syne-tune/issues/377"
    seen = (
        "Syne Tune sorted the metric values of a rung again whenever a trial reported there, until "
        "the rungs were kept sorted."
    )

    class rung(PlainRung):  # noqa: N801
        def rank(self, entry):
            losses = sorted(each[:2] for each in self.entries)
            return bisect_left(losses, entry[:2])


class FirstComeGoesOn(PlainStopping):
    """Trials are decided on as they report, by the results so far: the first one always goes on.

    Right while no two trials report at one instant. Of two trials that do, both go on if the worse
    one is named first, else one.
    """

    law = "order"
    claims = ("order",)
    link = "https://github.com/ray-project/ray/issues/4401"
    seen = (
        "In Ray Tune's asynchronous Hyperband the first configs always pass all milestones, just "
        "because they are the first."
    )
