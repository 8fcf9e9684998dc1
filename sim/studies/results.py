"""The figures of a study in memory, as tables.

Owns which tables there are. Must not know how runs are made, nor how a table is shown or drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from learning_curves.errors import InputError, suggestion
from sim.studies import study_cells
from sim.studies.statistics.contrasts import contrasts
from sim.studies.statistics.ranks import ranks
from sim.studies.statistics.survival import survival
from sim.studies.study import Study
from sim.studies.study_log import Values


@dataclass(frozen=True)
class Results:
    """The figures of all runs of a study, as tables.

    Parameters
    ----------
    study
        The study.
    values
        The figures, in the order of the study's grid; shape (runs, measures).

    """

    study: Study
    values: Values

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run: its setting on each axis, its seed and its figures."""
        keys = pd.DataFrame(self.study.labels()).astype({"seed": int})
        return pd.concat([keys, pd.DataFrame(self.values, columns=self.study.measures)], axis=1)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row a cell and measure; see `study_cells.by_cell`."""
        return study_cells.by_cell(self.study, self.values)

    @cached_property
    def contrasts(self) -> pd.DataFrame:
        """One row a contrast; see `contrasts.contrasts`."""
        return contrasts(self.study, self.values)

    @cached_property
    def fits(self) -> pd.DataFrame:
        """One row a fit; see `study_cells.fits`."""
        return study_cells.fits(self.study, self.values)

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """One row a measure and setting; see `ranks.ranks`."""
        return ranks(self.study, self.values)

    @cached_property
    def survival(self) -> pd.DataFrame:
        """One row a step of a cell's curve; see `survival.survival`."""
        return survival(self.study, self.values)

    def compare(self, setting: str, against: str, *, axis: str = "scheduler") -> pd.DataFrame:
        """Compare two settings of an axis, by paired seeds.

        Parameters
        ----------
        setting, against
            Settings of the axis, as they are written in the tables.
        axis
            The axis.

        Returns
        -------
        DataFrame
            The rows of `contrasts` for this pair, whether or not the study asks for it: one for
            each measure and each setting of the other axes. `p_holm` counts all settings of the
            axis as compared with `against`.

        Raises
        ------
        InputError
            There is no such axis or setting.

        """
        _check("axis", axis, list(self.study.axes))
        for each in (setting, against):
            _check(f"setting of {axis}", each, self.study.settings(axis))
        asked = replace(self.study, against={axis: against})
        found = contrasts(asked, self.values)
        return found[found[axis] == setting].reset_index(drop=True)


def _check(what: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise InputError(f"there is no {what} {name!r}: {suggestion(name, known) if known else ''}")
