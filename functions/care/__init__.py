"""A place in, where to go next out.

In comes a point, a postal code or a city, and the directory that ships or that an operator has imported; out go
the nearest places of care with what their sources say about cost, and the words to use on the phone. It never asks
an outside service, never keeps or logs where a person is, and never says that a place has dermatology unless the
source says so.
"""

ROOM = "care"
