"""Published forecasts in, the analysts' page and API out.

In comes a publication, a folder or prefix of ready-made files that `forecasting` has written; out go pages,
JSON, and the files as they are. It never computes a forecast, never shows a publication that is not whole,
and never leaves out where figures come from and under what licence.
"""

ROOM = "forecasts"
