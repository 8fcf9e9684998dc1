"""The test kit: holds any scheduler to the laws of the protocol, and finds the smallest mistake.

>>> from sim.schedulers import ASHA
>>> from sim.testing import check_scheduler
>>> check_scheduler(ASHA, max_examples=5, laws=["deadlock", "quota"])  # raises BrokenLaw if broken

`check_scheduler` checks a scheduler; `scheduler_checks` makes each law a test of its own;
`check_searcher` checks a searcher. `LAWS` are the laws by name. A law is broken in a `World`, and
`play` runs a scheduler in one. `strategies` are the Hypothesis strategies that all of this draws
from. It needs Hypothesis: ``pip install 'rungsim[testing]'``.
"""

from learning_curves.laws import BrokenLaw, Law
from sim.testing import strategies
from sim.testing.checking import check_laws, check_scheduler, laws_of, scheduler_checks
from sim.testing.explain import BrokenRun
from sim.testing.laws import CLAIMED, LAWS
from sim.testing.playing.conversation import Conversation, play
from sim.testing.playing.worlds import World
from sim.testing.searchers import check_searcher

__all__ = [
    "CLAIMED",
    "LAWS",
    "BrokenLaw",
    "BrokenRun",
    "Conversation",
    "Law",
    "World",
    "check_laws",
    "check_scheduler",
    "check_searcher",
    "laws_of",
    "play",
    "scheduler_checks",
    "strategies",
]
