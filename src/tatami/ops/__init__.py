"""The operations: one file for each family, everything about one in one block."""
