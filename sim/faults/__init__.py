"""What goes wrong on a cluster: stragglers, losses, outages; each model seeded and indexed."""

from sim.faults import timetable_file
from sim.faults.models import KINDS, Faults, Models
from sim.faults.outages import Losses, Outage, Outages, Renewals, Stay, Timetable, merged
from sim.faults.straggling import (
    HalfNormalStraggler,
    LognormalStraggler,
    ParetoStraggler,
    SlowEpochs,
    SlowWorkers,
    Straggler,
)

__all__ = [
    "KINDS",
    "Faults",
    "HalfNormalStraggler",
    "LognormalStraggler",
    "Losses",
    "Models",
    "Outage",
    "Outages",
    "ParetoStraggler",
    "Renewals",
    "SlowEpochs",
    "SlowWorkers",
    "Stay",
    "Straggler",
    "Timetable",
    "merged",
    "timetable_file",
]
