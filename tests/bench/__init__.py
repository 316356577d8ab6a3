"""Figures of speed and memory; no pass or fail on time."""
