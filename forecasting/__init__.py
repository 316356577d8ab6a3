"""What cancer registries publish comes in, forecasts that an analyst can cite go out.

Files are read by layout into one counts table; its series are projected, back-tested and taken apart by
cause; the result is published for `functions.forecasts` to show. The room never guesses a number that a
registry kept back, and never imports what serves, save the published format.
"""
