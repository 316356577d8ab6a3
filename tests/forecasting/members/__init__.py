"""Tests of the forecasting methods."""
