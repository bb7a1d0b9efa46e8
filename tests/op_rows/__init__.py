"""Rows of the operation table, one file for each file in ``tatami/ops``."""
