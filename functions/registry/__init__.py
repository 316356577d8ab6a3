"""Model versions in, and which of them answers.

In come finished model packages; out go signed, immutable versions, one pointer to the version that answers, and a
ledger of every move. It never changes a version, never moves the pointer to one that was not checked, and never forgets
a move.
"""

ROOM = "registry"
