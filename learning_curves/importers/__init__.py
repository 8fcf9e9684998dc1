"""Importers: convert logs of other tools into a table; one file for each format.

A reader (`tidy`, `syne_tune`, `lcdb`, `lcbench`, `optuna_study`) reads its source into a `log.Log`;
the steps that all formats share (orient, complete, cost, card) are in `losses` and
`assembly`. `syne_tune_export` is the inverse.
"""
