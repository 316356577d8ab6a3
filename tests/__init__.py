"""Tests, laid out like the rooms they hold to their word."""
