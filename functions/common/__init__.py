"""What every room shares: the errors a caller can act on, and the logs, metrics and traces.

In come typed errors and figures; out go problem documents (RFC 9457) and log lines. Nothing here
knows a room, and nothing here logs pixels, file names, places or free text.
"""
