"""terminal_figures.py RUN SHOWN: every line of progress in what a terminal was sent tells the step and the mean loss of
the epoch so far as the records of the run have them. Prints how many lines there were; fails on the first that is wrong."""
import json
import re
import sys


def means(records):
    """The text of the mean loss of the epoch so far, by step."""
    mean, loss, samples, epoch = {}, 0.0, 0, 0
    for record in records:
        if record["event"] != "step":
            continue
        if record["epoch"] != epoch:
            loss, samples, epoch = 0.0, 0, record["epoch"]
        loss += record["loss"] * record["samples"]
        samples += record["samples"]
        mean[record["step"]] = (epoch, loss / samples)
    return mean


def main():
    with open(sys.argv[1] + "/metrics.jsonl") as file:
        mean = means(map(json.loads, file))
    with open(sys.argv[2], newline="") as file:
        lines = re.findall(r"\repoch (\d+)/\d+ .*?step +(\d+)/(\d+) loss ([0-9.]+)", file.read())
    for epoch, step, steps, loss in lines:
        due = mean[int(step)]
        # Half a unit of the last digit that is shown, and the rounding of a sum of some hundred doubles.
        if due[0] != int(epoch) or int(steps) != max(mean) or abs(float(loss) - due[1]) > 0.5e-4 + 1e-9:
            sys.exit(f"step {step} of {steps} in epoch {epoch}: {loss} is shown, {due} recorded")
    print(len(lines))


main()
