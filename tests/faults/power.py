"""power.py LOCKSTEP CRASHED_RUN CONFIG DIRECTORY: the power fails in a training. Called by power.sh, which says more.

A training that is stopped, goes on and ends is recorded, and so are starts after two of its power failures. For what each
crash may leave (crash_states.py), crashed_run tells what the next start would find; lost is what it must find and does not:

  checkpoint  a valid one, of a step not before the newest acknowledged (its record was written), with the digest that the
              undisturbed run had there; a file of a checkpoint's name that is damaged (I5) counts as lost too
  best.h5     of the last acknowledged step or a later one
  records     of all steps up to that checkpoint, readable (I7); with the last checkpoint, also the end's
  files       config.cfg whole once a checkpoint was acknowledged, predictions.csv with the last checkpoint; and both never
              under their names without being whole
  start       the start itself, which refuses no such directory

For some of the states the program itself goes on to the end, which must be the undisturbed run's, and verify must agree."""

import json
import os
import random
import shutil
import re
import subprocess
import sys

import crash_states

RUN = "/runs/run"  # below what is recorded, so that the names of the directories above belong to it
EPHEMERAL = re.compile("(samples_per_second|seconds|previous)(_hex)?|[a-z]+_microseconds")
NO_CHECKPOINT, OLD_CHECKPOINT = "any checkpoint", "acknowledged checkpoint"
CUT = "the cut of metrics.jsonl"
NOT_NEEDED = {"the name checkpoints": "the next sync of the run directory, config.cfg's, comes before the first checkpoint"}


class Undisturbed:
    """What a run that was never disturbed leaves."""

    def __init__(self, program, config, path):
        self.line = program.train(config, path).stdout
        self.results = results(path)
        self.digests = digests(path)
        self.last = max(self.digests)
        self.files = {}
        for name in ("config.cfg", "predictions.csv"):
            with open(f"{path}/{name}", "rb") as file:
                self.files[name] = file.read()

    def add_digests(self, path):
        """Those of steps that only a run which was stopped there has."""
        self.digests = digests(path) | self.digests


def records(path):
    with open(f"{path}/metrics.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def digests(path):
    return {event["step"]: event["digest"] for event in records(path) if "digest" in event}


def results(path):
    """The last record of each step and epoch, without times and links."""
    last = {}
    for event in records(path):
        if event["event"] in ("step", "epoch"):
            last[event["event"], event["step"]] = {k: v for k, v in event.items() if not EPHEMERAL.fullmatch(k)}
    return last


def names(trace, path):
    """Does a trace, whose texts are in hexadecimal digits, name a path?"""
    with open(trace, encoding="ascii") as file:
        return "".join(f"\\x{byte:02x}" for byte in path.encode()) in file.read()


class Program:
    def __init__(self, path):
        self.path = path

    def train(self, config, run, *options, before=(), expected=(0,)):
        command = [*before, self.path, "train", config, "--run", run, "--quiet", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode not in expected:
            sys.exit(f"FAILED: {' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
        return done

    def record(self, recording, config, *options, expected=(0,)):
        trace = recording.path + ".trace"
        strace = ("strace", "-ff", "-o", trace, "-xx", "-s", str(1 << 26), "-e", "signal=none", "-e",
                  "trace=" + crash_states.TRACED)
        self.train(config, recording.path + RUN, *options, before=strace, expected=expected)
        folder = os.path.dirname(trace)
        made = [f"{folder}/{name}" for name in os.listdir(folder) if f"{folder}/{name}".startswith(trace + ".")]
        # Not the process that tries the dataset.
        writers = [name for name in made if names(name, recording.path)]
        if len(writers) != 1:
            sys.exit("FAILED: several threads or processes write: the order of their calls is not known")
        crash_states.Replay(recording, writers[0])
        recording.check()
        for name in made:
            os.remove(name)

    def goes_on(self, config, run, undisturbed):
        """What is wrong with the rest of the training."""
        line = self.train(config, run).stdout
        verified = subprocess.run([self.path, "verify", run], capture_output=True, text=True, timeout=60, check=False)
        return [what for what, wrong in (("the last line " + line, line != undisturbed.line),
                                         ("other results", results(run) != undisturbed.results),
                                         ("verify: " + verified.stderr, verified.returncode != 0)) if wrong]


class Acknowledged:
    """Each moment at which a checkpoint's record was written: (operation, newest step, step of best.h5)."""

    def __init__(self, recording, step, best):
        self.moments = [(0, step, best)]
        before = b""
        for operation, content in recording.find(RUN[1:] + "/metrics.jsonl").events:
            for line in content[len(before):].splitlines() if operation else ():
                event = json.loads(line)
                if event["event"] == "checkpoint" and event["file"].endswith("best.h5"):
                    best = event["step"]
                elif event["event"] == "checkpoint":
                    step = event["step"]
            before = content
            self.moments.append((operation, step, best))

    def at(self, crash):
        return next(moment[1:] for moment in reversed(self.moments) if moment[0] <= crash)


class Judge:
    def __init__(self, crashed_run, path, undisturbed):
        self.process = subprocess.Popen([crashed_run], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.path, self.undisturbed = path, undisturbed

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def find(self, tree):
        """crashed_run's line of words."""
        shutil.rmtree(self.path, ignore_errors=True)
        crash_states.put(tree, self.path)
        self.process.stdin.write(f"{self.path}{RUN}\n")
        self.process.stdin.flush()
        found = self.process.stdout.readline().strip()
        return found if found else sys.exit("FAILED: crashed_run died")

    def lost(self, tree, acknowledged):
        """What the next start must find and does not."""
        found = self.find(tree)
        if found.startswith("refused"):
            return [found]
        step, digest, covered, ended, best, damaged = found.split()
        step, last = int(step), self.undisturbed.last
        lost = [name for name, wrong in (
            (NO_CHECKPOINT, step == 0 < acknowledged[0]),
            (OLD_CHECKPOINT, step < acknowledged[0]),
            ("damaged checkpoint", int(damaged) > 0),
            ("digest", step > 0 and digest != self.undisturbed.digests[step]),
            ("best.h5", int(best) < acknowledged[1]),
            ("records", int(covered) < step),
            ("end record", step == last and ended == "0")) if wrong]
        for name, due in (("config.cfg", acknowledged[0] > 0), ("predictions.csv", step == last)):
            content = tree.get(f"{RUN}/{name}")
            if content != self.undisturbed.files[name] and (due or content is not None):
                lost.append(name)
        return lost


class Campaign:
    def __init__(self, recording, acknowledged, judge, most, seed):
        self.recording, self.acknowledged, self.judge = recording, acknowledged, judge
        self.most, self.seed = most, seed

    def states(self, dropped=frozenset()):
        """(crash, tree, acknowledged), each state once with what was acknowledged."""
        rng = random.Random(self.seed)
        seen = set()
        for crash in range(min(dropped, default=0), self.recording.operation + 1):
            acknowledged = self.acknowledged.at(crash)
            for tree in crash_states.crash_states(self.recording, crash, dropped, self.most, rng):
                key = acknowledged, frozenset(tree.items())
                if key not in seen:
                    seen.add(key)
                    yield crash, tree, acknowledged

    def run(self):
        """All trees, and of the states with a loss (crash, what was lost)."""
        trees, losses = [], []
        for crash, tree, acknowledged in self.states():
            trees.append(tree)
            lost = self.judge.lost(tree, acknowledged)
            if lost:
                losses.append((crash, lost))
        return trees, losses

    def without(self, operations, count_all):
        """(states, those of them with a loss) if these fsyncs had not been; up to the first loss, or all."""
        tried = losses = 0
        for _, tree, acknowledged in self.states(frozenset(operations)):
            tried += 1
            losses += bool(self.judge.lost(tree, acknowledged))
            if losses and not count_all:
                break
        return tried, losses


def has_damaged_records(tree):
    """Text of more than a sector follows what is missing."""
    records = tree.get(RUN + "/metrics.jsonl") or b""
    return b"\0" in records and len(records) - records.rindex(b"\0") > 512


def has_unfinished_checkpoint(tree):
    return any("/.ckpt-" in path for path in tree)


def fitting(has, trees, rng):
    """Those that are so, in any order."""
    found = list(filter(has, trees)) or sys.exit(f"FAILED: no state {has.__name__}: try more (LOCKSTEP_POWER)")
    return rng.sample(found, len(found))


def second_failure(program, config, judge, tree, path, most, seed):
    """The campaign over a start after a failure that left this."""
    crash_states.put(tree, path)
    recording = crash_states.Recording(path)
    program.record(recording, config, "--stop-after-steps", "6", expected=(0, 75))
    found = judge.find(tree).split()
    judge.undisturbed.add_digests(path + RUN)
    return Campaign(recording, Acknowledged(recording, int(found[0]), int(found[4])), judge, most, seed)


def wrong_ends(program, config, undisturbed, trees, path):
    """What is wrong where the program goes on from these."""
    wrong = []
    for tree in trees:
        shutil.rmtree(path, ignore_errors=True)
        crash_states.put(tree, path)
        wrong += program.goes_on(config, path + RUN, undisturbed)
    return wrong


def needs(campaign, count_all):
    """(text, is it as expected) for each fsync that is left out."""
    for name, operations in campaign.recording.sites().items():
        tried, losses = campaign.without(operations, count_all)
        text = f"without the fsync of {name}: {losses} of {tried} lost"
        if name in NOT_NEEDED:
            text += f" ({NOT_NEEDED[name]})"
        yield text, (losses == 0) == (name in NOT_NEEDED)


def needs_cut(failures):
    """The same of the cut of damaged records, in one of these campaigns after the other until there is a loss: few ways to
    mix old records with new ones make a line that is none."""
    tried = losses = 0
    for campaign in failures:
        operations = campaign.recording.sites().get(CUT)
        if not operations:  # it was finished
            continue
        more_tried, losses = campaign.without(operations, False)
        tried += more_tried
        if losses:
            break
    return f"without the fsync of {CUT}: {losses} of {tried} lost", losses > 0


def report(states, operations, losses, going_on, wrong, needed):
    """The line of figures, and what failed; True if nothing did."""
    count = {what: sum(what in lost for _, lost in losses) for what in (NO_CHECKPOINT, OLD_CHECKPOINT)}
    print(f"power: {states} states of {operations} operations, {count[NO_CHECKPOINT]} without a valid checkpoint, "
          f"{count[OLD_CHECKPOINT]} acknowledged and lost, {len(losses)} with any loss; {going_on} trained to the end, "
          f"{len(wrong)} wrong", *(text for text, _ in needed), sep="; ")
    failures = [f"after operation {crash} lost: {', '.join(lost)}" for crash, lost in losses[:20]]
    failures += [f"went on to {what}" for what in wrong]
    failures += [f"not as expected: {text}" for text, expected in needed if not expected]
    for failure in failures:
        print("FAILED:", failure)
    return not failures


def main():
    lockstep, crashed_run, config, work = sys.argv[1:]
    most, seed = int(os.environ.get("LOCKSTEP_POWER", 40)), int(os.environ.get("LOCKSTEP_POWER_SEED", 1))
    rng, program = random.Random(seed), Program(lockstep)
    undisturbed = Undisturbed(program, config, f"{work}/undisturbed")
    judge = Judge(crashed_run, f"{work}/crashed", undisturbed)
    os.mkdir(f"{work}/first")
    recording = crash_states.Recording(f"{work}/first")
    program.record(recording, config, "--stop-after-steps", "13", expected=(75,))
    program.record(recording, config)
    undisturbed.add_digests(recording.path + RUN)
    campaigns = [Campaign(recording, Acknowledged(recording, 0, 0), judge, most, seed)]
    trees, losses = campaigns[0].run()
    for has in (has_damaged_records, has_unfinished_checkpoint) if not losses else ():
        tree = fitting(has, trees, rng)[0]
        campaigns.append(second_failure(program, config, judge, tree, f"{work}/{has.__name__}", most, seed))
        more_trees, more_losses = campaigns[-1].run()
        trees, losses = trees + more_trees, losses + more_losses
    operations = sum(campaign.recording.operation for campaign in campaigns)
    if losses:
        sys.exit(not report(len(trees), operations, losses, 0, [], []))
    going_on = rng.sample(trees, min(len(trees), most // 10))
    wrong = wrong_ends(program, config, undisturbed, going_on, f"{work}/going-on")
    count_all = "LOCKSTEP_POWER" in os.environ
    needed = list(needs(campaigns[0], count_all))
    needed.append(needs_cut(
        second_failure(program, config, judge, tree, f"{work}/cut-{i}", 10 * most, seed)
        for i, tree in enumerate(fitting(has_damaged_records, trees, rng)[:10])))
    judge.close()
    sys.exit(not report(len(trees), operations, losses, len(going_on), wrong, needed))


if __name__ == "__main__":
    main()
