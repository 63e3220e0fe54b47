"""trace.py FILE RANKS FIRST LAST [KEPT]: is the file a timeline of so many ranks that made the steps FIRST to LAST?

Times are whole nanoseconds, no duration is negative, a rank's phases follow each other without a gap and lie within
their steps, and no rank left a step's reduction before the last had come to it, but for the error of the clocks. All
steps are there; with KEPT as many spans of each rank, from the begin and the end, and an event in the place of others.
"""

import collections
import json
import sys

PHASES = {"load", "pack", "compute", "reduce", "update", "evaluate", "idle", "check", "save", "record"}
OF_STEP = {"pack", "compute", "reduce", "update"}


def nanoseconds(microseconds):
    return round(microseconds * 1000)


def check_phases(phases, gaps, kept):
    """Phases and what is left out, by time: (begin, end, name, args)."""
    for (_, end, *_), (begin, *_) in zip(row := sorted(phases + gaps, key=lambda event: event[:2]), row[1:]):
        assert end == begin, f"a phase ends at {end}, the next begins at {begin}"
    assert len(gaps) == (kept is not None), gaps
    assert kept is None or (len(phases) == kept and all(gap[3]["spans"] > 0 for gap in gaps)), len(phases)
    for gap in gaps:
        assert len([phase for phase in phases if phase[1] <= gap[0]]) == kept // 2


def check_steps(steps, phases, gaps, first, last):
    numbers = [args["step"] for *_, args in steps]
    left_out = [args["last_completed_steps"] - args["first_completed_steps"] for *_, args in gaps]
    assert numbers == sorted(set(numbers)) and numbers[0] == first and numbers[-1] == last, (numbers[0], numbers[-1])
    assert last - first + 1 - len(numbers) <= sum(left_out) + len(gaps), "steps are missing"
    if gaps:
        return  # and a step may be cut in two
    outside = [phase for phase in phases if phase[2] in OF_STEP]
    for begin, end, _, args in steps:
        within = [phase for phase in phases if begin <= phase[0] < end]
        assert within[0][0] == begin and within[-1][1] == end, f"a phase reaches beyond step {args['step']}"
        assert all(phase[3]["completed_steps"] == args["step"] - 1 for phase in within), within
        outside = [phase for phase in outside if phase not in within]
    assert not outside, outside


def check_order(reductions, errors):
    """reductions: step -> rank -> (begin, end) of its last one."""
    for step, of in reductions.items():
        for rank, (_, end) in of.items():
            for other, (begin, _) in of.items():
                slack = nanoseconds(errors[rank] + errors[other])
                assert end + slack >= begin, f"rank {rank} left step {step} {begin - end} ns before {other} came"


def main():
    ranks, first, last = map(int, sys.argv[2:5])
    kept = int(sys.argv[5]) if len(sys.argv) > 5 else None
    with open(sys.argv[1]) as file:
        events = json.load(file)["traceEvents"]
    labels = [event["args"]["labels"] for event in events if event["name"] == "process_labels"]
    assert labels == [f"lockstep, from step {first - 1} to {last}"], labels
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    errors = {event["tid"]: event["args"]["clock_error_us"] for event in events if event["name"] == "process_name"}
    assert sorted(names.values()) == sorted(f"rank {rank}" for rank in range(ranks)), names
    of_rank, reductions = collections.defaultdict(lambda: collections.defaultdict(list)), collections.defaultdict(dict)
    for event in (event for event in events if event["ph"] == "X"):
        begin, duration = nanoseconds(event["ts"]), nanoseconds(event["dur"])
        assert begin >= 0 and duration >= 0, event
        name, args = event["name"], event["args"]
        assert name in PHASES | {"step", "left out"}, name
        assert args.get("waited_us", 0) <= event["dur"] + 1, event
        of_rank[event["tid"]]["phase" if name in PHASES else name].append((begin, begin + duration, name, args))
        if name == "reduce":
            reductions[args["completed_steps"]][event["tid"]] = (begin, begin + duration)
    assert sorted(of_rank) == sorted(names)
    for rank in of_rank.values():
        check_phases(rank["phase"], rank["left out"], kept)
        check_steps(rank["step"], rank["phase"], rank["left out"], first, last)
    check_order(reductions, errors)
    print(max(errors.values()))


main()
