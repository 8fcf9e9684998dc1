"""Pictures of runs, of studies and of tables, each a PNG file.

Owns how things look, and is the only package that imports matplotlib. Must not know how a number
came about: what is drawn is handed over ready, but for quantiles and for the gaps between jobs.
"""

from matplotlib.figure import Figure

from sim.reports.plots.effects import effects
from sim.reports.plots.efficiency import speedup, utilisation
from sim.reports.plots.held_out_curves import held_out
from sim.reports.plots.progress import incumbents, losses
from sim.reports.plots.rung_scatter import rungs
from sim.reports.plots.studies.panels import study_lines
from sim.reports.plots.studies.rank_diagram import rank_diagram
from sim.reports.plots.studies.reached import reached
from sim.reports.plots.table_curves import curves
from sim.reports.plots.timeline import gantt, gantts

__all__ = [
    "Figure",
    "curves",
    "effects",
    "gantt",
    "gantts",
    "held_out",
    "incumbents",
    "losses",
    "rank_diagram",
    "reached",
    "rungs",
    "speedup",
    "study_lines",
    "utilisation",
]
