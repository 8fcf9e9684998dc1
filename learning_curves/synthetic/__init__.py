"""Learning curves in closed form, of known optimum, and curves written out by hand.

Each family is a file that owns its formula: how much of the loss is left after an epoch. What they
share is written once: the parameters (`form`), the curve and its noise (`formula_curve`), how a
config becomes a curve (`closed_form`), and the space of learning rate and width
(`learning_rate_and_width`). Each epoch is computed when it is asked for, in plain Python, since
most trials of an experiment are trained for one epoch only; `losses_of` computes many whole curves
at once.
"""

from learning_curves.synthetic.bowl import Bowl
from learning_curves.synthetic.exponential import Exponential
from learning_curves.synthetic.power_law import PowerLaw
from learning_curves.synthetic.scripted import Scripted
from learning_curves.synthetic.take_off import TakeOff

__all__ = ["Bowl", "Exponential", "PowerLaw", "Scripted", "TakeOff"]
