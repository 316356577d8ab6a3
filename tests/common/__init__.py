"""Tests of the common room."""
