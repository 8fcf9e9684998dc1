"""How the runs of a study are shared out: their order, and the processes that make them."""
