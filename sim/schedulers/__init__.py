"""Schedulers as pure state machines: they decide which job a free worker gets, and nothing else."""

from sim.schedulers.asha import ASHA
from sim.schedulers.asha_stopping import StoppingASHA
from sim.schedulers.async_hyperband import AsyncHyperband
from sim.schedulers.hyperband import Hyperband
from sim.schedulers.median_stopping import MedianStopping
from sim.schedulers.pasha import PASHA
from sim.schedulers.protocol import (
    LOST,
    Dropping,
    Idle,
    Job,
    ProtocolError,
    Scheduler,
    Searcher,
    Trial,
    may_go_on,
)
from sim.schedulers.random_search import RandomSearch
from sim.schedulers.rungs.bracket import Bracket
from sim.schedulers.rungs.rung import Rung, rung_levels
from sim.schedulers.rungs.stopping_rules import RULES
from sim.schedulers.successive_halving import SuccessiveHalving
from sim.schedulers.wrappers.contract import Contract
from sim.schedulers.wrappers.retrying import Retrying

__all__ = [
    "ASHA",
    "LOST",
    "PASHA",
    "RULES",
    "AsyncHyperband",
    "Bracket",
    "Contract",
    "Dropping",
    "Hyperband",
    "Idle",
    "Job",
    "MedianStopping",
    "ProtocolError",
    "RandomSearch",
    "Retrying",
    "Rung",
    "Scheduler",
    "Searcher",
    "StoppingASHA",
    "SuccessiveHalving",
    "Trial",
    "may_go_on",
    "rung_levels",
]
