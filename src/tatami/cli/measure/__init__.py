"""Measuring: what a machine can do, what a step costs, one process for each side."""
