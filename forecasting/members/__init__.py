"""Forecasting methods, one module each.

In come the counts of one series up to an origin, for some with ages and people; out go the counts to come. A
method knows nothing after the origin and no other series, and does no I/O.
"""
