"""Tests of the readers, each on files that it draws."""
