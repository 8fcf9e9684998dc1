"""How a config becomes a curve in closed form, one at a time or many at once.

Owns the effect of each parameter. Must not know the formula of a family, nor its hyperparameters:
these come from the family, which derives from `ClosedForm`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from learning_curves import streams
from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Config
from learning_curves.synthetic.form import BEST, INITIAL, WORST, Form, Values
from learning_curves.synthetic.formula_curve import FormulaCurve


class ClosedForm(Form):
    """The curves of a family; a `learning_curves.blackbox.Blackbox`."""

    def curve(self, config: Config, seed: int) -> FormulaCurve:
        """Return the curve of one training of `config`, any member of the space.

        Raises
        ------
        InputError
            The config lacks a hyperparameter.

        """
        try:
            badness, eagerness, share = self.place(config)
            crosses_too = self.crossing_share == 1 or self._crosses(config)
        except KeyError:
            spaces.check_names(self.space, config)
            raise
        pace = 10 ** (self.crossing * (eagerness - 1)) if crosses_too else 1.0
        final = BEST + (WORST - BEST) * badness
        left = self.left(self.r_max, pace)  # of the way from initial to floor, at r_max
        floor = (final - INITIAL * left) / (1 - left)
        seconds = self.epoch_seconds * (share if self.cost == "by-config" else 1.0)
        return FormulaCurve(self, floor, pace, seconds, seed)

    def _crosses(self, config: Config) -> bool:
        """Return whether `config` belongs to the share that learns more slowly the better it ends.

        A keyed hash of its values decides, so that the configs that cross at one share do so at
        every larger share.
        """
        values = [config[name] for name in self.space]
        bits = struct.unpack(f"<{len(values)}Q", struct.pack(f"<{len(values)}d", *values))
        return streams.uniform(0, "crossing", *bits) < self.crossing_share

    def losses_of(self, configs: Sequence[Config], seeds: Sequence[int]) -> Values:
        """Return all losses of many curves: those of `curve`, within 1e-12.

        numpy and the C library may differ in the last bits of a power; the noise is the same to the
        last.

        Parameters
        ----------
        configs
            Any number of members of the space, n.
        seeds
            One for each: the seed of its training.

        Returns
        -------
        array, shape (n, r_max)
            The loss after each epoch 1..r_max.

        Raises
        ------
        InputError
            A config lacks a hyperparameter.
        ValueError
            There are not as many seeds as configs.

        """
        curves = [self.curve(*each) for each in zip(configs, seeds, strict=True)]
        floor = _column([each.floor for each in curves])
        pace = _column([each.pace for each in curves])
        losses = self.left(np.arange(1.0, self.r_max + 1), pace)
        losses *= INITIAL - floor
        losses += floor
        if self.noise:
            for place, each in enumerate(curves):
                losses[place] += each.noise(0, self.r_max)
        return losses

    def seconds_of(self, configs: Sequence[Config], seeds: Sequence[int]) -> Values:
        """Return the seconds of each epoch of many curves; see `losses_of`.

        Returns
        -------
        array, shape (n, r_max)
            Each > 0; equal to those of `curve`.

        """
        curves = [self.curve(*each) for each in zip(configs, seeds, strict=True)]
        return np.repeat(_column([each.epoch_seconds for each in curves]), self.r_max, axis=1)


def _column(values: Sequence[float]) -> Values:
    return np.array(values, dtype=np.float64).reshape(-1, 1)
