"""A photo of a spot in, an honest risk out.

In come the bytes of one photo; out go a calibrated probability of malignancy, a band and advice on
what to do next and by when. It never keeps a photo, never reads its metadata, never names a medicine
or a treatment, and never says that all is well.
"""

ROOM = "triage"
