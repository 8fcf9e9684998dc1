"""Importers: other people's logs as our table, one file for each format.

A reader (`tidy`, `syne_tune`, `lcdb`, `lcbench`, `optuna_study`) turns its source into a `log.Log`;
what all of them do afterwards (orient, complete, cost, card) is done once, in `losses` and
`assembly`. `syne_tune_export` is the way back.
"""
