"""Plans of runs: what is done, row by row, and the figures to confirm."""
