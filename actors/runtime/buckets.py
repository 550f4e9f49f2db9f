"""The edges of our histograms, in seconds and in rows; at most fifteen each."""

from __future__ import annotations

MINUTE, HOUR = 60, 3600
DURATIONS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600)
WAITS_S = (0.05, 0.25, 1, 5, 15, MINUTE, 300, 900, 1800, HOUR, 2 * HOUR, 6 * HOUR)
AGES_S = (
    *(minutes * MINUTE for minutes in (1, 5, 15, 30)),
    *(hours * HOUR for hours in (1, 2, 3, 4, 6, 8, 12, 24, 48, 72)),
)
"""Every promise in hours is an edge, so that a ratio against it is exact."""
ROWS = (1, 5, 10, 50, 100, 500, 1000, 5000, 10_000, 25_000)
"""Amazon takes 25,000 messages in a feed at most."""
