"""What Lambda runs: rooms that answer in milliseconds.

In come HTTP requests, as events of API Gateway or over a local port; out go JSON, pages and problem
documents. Nothing here imports TensorFlow, pandas, Prophet or matplotlib, and nothing here writes a
photo to a disk.
"""
