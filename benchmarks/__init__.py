"""Measurements, each beside a floor measured in the same run: ``make bench``.

Ratios mean something on any machine; the numbers beside them only on the one they were taken on.
"""
