"""Many photos in, one file of predictions out, and beside it the photos that were rejected and why.

In comes the address of the photos, and of a list where people are told of beside them; out go a work list of small
batches, one part a batch, and at the end one file. What is scored once with one model is not scored again, however
often a run is started or a batch is tried. It never keeps a photo and never gives one photo's answer to another.
"""

ROOM = "batches"
