"""Tests on real photos; skipped, with the reason, where the data is absent."""
