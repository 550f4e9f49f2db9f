"""The updates of a quota document, as pipelines on the server's time.  Pure.

Each decides and writes in one step, so any number of workers may run them at once.
"""

from __future__ import annotations

from typing import Any

from store.moments import NOW, has_come, in_ms_since_1970, in_seconds

Pipeline = list[dict[str, Any]]

FAILURES_IN_A_ROW = 5
FIRST_PAUSE_S = 60
LONGEST_PAUSE_S = 900
ACCOUNT_PAUSE_S = 900.0

UNHEALTHY = {"$or": [{"failures": {"$gt": 0}}, {"suspended_until": {"$exists": True}}]}
HEALTHY = {
    "$unset": dict.fromkeys(("failures", "suspended_until", "pause_s", "probing", "reason"), "")
}

_IS_SUSPENDED = {"$ne": [{"$ifNull": ["$suspended_until", None]}, None]}


def grant(interval_ms: int, burst: int) -> Pipeline:
    """Spend one call if the bucket has one and nothing is suspended; else change nothing.

    The first call after a suspension's time is the probe; it moves that time on, so that the
    others wait for what becomes of it.
    """
    interval = {"$ifNull": ["$learned_ms", interval_ms]}
    ahead = {"$multiply": [burst - 1, interval]}
    free_from = {"$subtract": [in_ms_since_1970("$tat"), ahead]}
    has_call = {"$lte": [free_from, in_ms_since_1970(NOW)]}
    may_call = has_come("$suspended_until")
    spent = _ms_after(_if(has_come("$tat"), NOW, "$tat"), interval)
    is_probe = {"$and": ["$granted", _IS_SUSPENDED]}
    return [
        {"$set": {"granted": {"$and": [has_call, may_call]}}},
        {
            "$set": {
                "tat": _if("$granted", spent, "$tat"),
                "interval_ms": _if("$granted", interval_ms, "$interval_ms"),
                "burst": _if("$granted", burst, "$burst"),
                "probing": _if(is_probe, then=True, otherwise="$probing"),
                "suspended_until": _if(is_probe, _pause("$pause_s"), "$suspended_until"),
            }
        },
        {"$unset": ["granted"]},
    ]


def learned(interval_ms: int) -> Pipeline:
    """Let a call cost so much from now on, those too that are not made up for yet.

    Otherwise calls made at a slower plan would keep the bucket empty for as long as that plan
    says, however many Amazon allows.
    """
    before = {"$ifNull": ["$learned_ms", {"$ifNull": ["$interval_ms", interval_ms]}]}
    ahead = {"$subtract": [in_ms_since_1970("$tat"), in_ms_since_1970(NOW)]}
    as_many = {"$toLong": {"$divide": [{"$multiply": [ahead, interval_ms]}, before]}}
    is_new = {"$ne": [before, interval_ms]}
    owes = {"$and": [is_new, {"$not": [has_come("$tat")]}]}
    return [{"$set": {"tat": _if(owes, _ms_from_now(as_many), "$tat"), "learned_ms": interval_ms}}]


def pushed_back(seconds: float) -> Pipeline:
    """Let the bucket be empty for so long, whatever its burst."""
    burst, interval = {"$ifNull": ["$burst", 1]}, {"$ifNull": ["$learned_ms", "$interval_ms"]}
    ahead = {"$multiply": [{"$subtract": [burst, 1]}, {"$ifNull": [interval, 0]}]}
    until = _ms_from_now({"$add": [round(seconds * 1000), ahead]})
    is_later = {"$gt": [in_ms_since_1970("$tat"), in_ms_since_1970(until)]}
    return [{"$set": {"tat": _if(is_later, "$tat", until)}}]


def failure(reason: str) -> Pipeline:
    """Count a failure; suspend after so many in a row; pause longer when the probe failed.

    A call that was under way when the operation was suspended says nothing new.
    """
    is_enough = {"$gte": ["$failures", FAILURES_IN_A_ROW]}
    begins = {"$and": [{"$not": [_IS_SUSPENDED]}, is_enough]}
    longer = {"$min": [LONGEST_PAUSE_S, {"$multiply": [2, "$pause_s"]}]}
    probe_failed = {"$and": [_IS_SUSPENDED, {"$eq": ["$probing", True]}]}
    return [
        {"$set": {"failures": {"$add": [{"$ifNull": ["$failures", 0]}, 1]}}},
        {"$set": {"pauses": {"$or": [begins, probe_failed]}}},
        {"$set": {"pause_s": _if(begins, FIRST_PAUSE_S, _if(probe_failed, longer, "$pause_s"))}},
        {
            "$set": {
                "suspended_until": _if("$pauses", _pause("$pause_s"), "$suspended_until"),
                "probing": _if("$pauses", then=False, otherwise="$probing"),
                "reason": {"$literal": reason},
            }
        },
        {"$unset": ["pauses"]},
    ]


def account_suspended(reason: str) -> Pipeline:
    """Suspend an account; its next probe is a quarter of an hour away."""
    until = in_seconds(ACCOUNT_PAUSE_S)
    return [{"$set": {"suspended_until": until, "reason": {"$literal": reason}}}]


def account_probe() -> Pipeline:
    """Move an account's next probe on, since one is under way."""
    return [{"$set": {"suspended_until": in_seconds(ACCOUNT_PAUSE_S)}}]


def _if(condition: Any, then: Any, otherwise: Any) -> dict[str, Any]:
    return {"$cond": [condition, then, otherwise]}


def _pause(seconds: str) -> dict[str, Any]:
    return _ms_from_now({"$multiply": [1000, {"$ifNull": [seconds, FIRST_PAUSE_S]}]})


def _ms_from_now(amount: Any) -> dict[str, Any]:
    return _ms_after(NOW, amount)


def _ms_after(start: Any, amount: Any) -> dict[str, Any]:
    return {"$dateAdd": {"startDate": start, "unit": "millisecond", "amount": amount}}
