"""What a report says, held against the run that it is about.

    report.py run PAGE RUNDIR IMAGES     IMAGES: the test images as h5dump writes them, raw, SIDE x SIDE bytes each
    report.py comparison PAGE RUNDIR...
    report.py absent PAGE TEXT...        only that it is a page, that it loads nothing, and that it has these texts
"""

import base64
import csv
import json
import re
import struct
import sys
import xml.etree.ElementTree as tree
import zlib

SPACE = "\u202f"
DASH = "\u2013"
SIDE = 8
TIMES = "compute_microseconds"
KINDS = (("load",), ("pack",), ("compute",), ("reduce",), ("update",), ("evaluate",), ("check", "save", "record"), ("waiting", "idle"))


def text(element):
    return "".join(element.itertext()).strip()


def grouped(value):
    return f"{value:,}".replace(",", SPACE)


def percent(value):
    return f"{100 * value:.2f}{SPACE}%"


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: the page has {found!r}, the run {expected!r}")


class Page:
    """A page, which an XML parser must be able to read, and which loads nothing."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            doctype, content = file.read().split("\n", 1)
        expect("doctype", doctype, "<!DOCTYPE html>")
        self.root = tree.fromstring(content)
        self.text = text(self.root)
        for element in self.root.iter():
            expect("a script", element.tag in ("script", "link", "iframe", "object", "embed", "base"), False)
            for name, value in element.attrib.items():
                expect("an event handler", name.startswith("on"), False)
                if name in ("src", "href", "srcset", "action", "data"):
                    expect("the scheme of a reference", value[:22], "data:image/png;base64,")
        for style in self.root.iter("style"):
            expect("a reference in the style", re.findall(r"url\(|@import|http", text(style)), [])

    def section(self, name):
        return next(section for section in self.root.iter("section") if section.get("id") == name)

    def rows(self, name, table=0):
        """The texts of all cells, a list a row, without the head."""
        found = list(self.section(name).iter("table"))[table]
        return [[text(cell) for cell in row] for row in found.find("tbody")]

    def facts(self, name):
        return {row[0]: row[1] for table in range(len(list(self.section(name).iter("table")))) for row in self.rows(name, table)}

    def tiles(self):
        return {text(tile.find("dt")): text(tile.find("dd")) for tile in self.root.iter("div") if tile.find("dt") is not None}


class Run:
    """The records of a run."""

    def __init__(self, path):
        self.path = path
        with open(f"{path}/metrics.jsonl", encoding="utf-8") as file:
            self.records = [json.loads(line) for line in file]
        self.epochs = self.of("epoch")
        self.end = self.of("end")[-1]
        self.starts = self.of("start", "resume")

    def of(self, *events):
        return [record for record in self.records if record["event"] in events]

    def reached(self):
        """The last step of each start."""
        last = []
        for record in self.records:
            if record["event"] in ("start", "resume"):
                last.append(record["step"])
            elif record["event"] == "step":
                last[-1] = max(last[-1], record["step"])
        return last

    def seconds(self):
        """Those that each start has recorded last, together."""
        last = []
        for record in self.records:
            if record["event"] in ("start", "resume"):
                last.append(0.0)
            last[-1] = record.get("seconds", last[-1])
        return sum(last)

    def figures(self):
        best = max(epoch["test_accuracy"] for epoch in self.epochs)
        return [percent(self.end["test_accuracy"]), percent(best), f"{self.end['test_loss']:.4f}", f"{self.epochs[-1]['train_loss']:.4f}"]


def check_head(page, run):
    tiles = page.tiles()
    names = ("test accuracy", "best so far", "test loss", "training loss")
    expect("figures", [tiles[name] for name in names], run.figures())
    expect("steps", tiles["steps"], grouped(run.end["step"]))
    expect("starts", tiles["starts"], str(len(run.starts)))
    expect("seconds", tiles["seconds, all starts"], f"{run.seconds():.1f}")
    expect("speed", tiles["samples/s, last epoch"], grouped(int(run.epochs[-1]["samples_per_second"] + 0.5)))


def check_starts(page, run):
    reached = run.reached()
    rows = page.rows("starts")
    expect("starts", len(rows), len(run.starts))
    for i, (row, start) in enumerate(zip(rows, run.starts)):
        again = max(0, reached[i] - run.starts[i + 1]["step"]) if i + 1 < len(rows) else 0
        expected = [str(i + 1), grouped(start["step"]), grouped(reached[i]), row[3], grouped(again), str(start["ranks"]), "1", start["host"]]
        expect(f"start {i + 1}", row, expected)
    expect("ends", [row[3] for row in rows], ["killed", "stopped by steps", "killed", "finished"])
    marks = {text(mark) for mark in page.section("curves").iter("text") if mark.get("class") == "note"}
    expect("marks", marks, {"killed, start 2", "starts 3\u20134"})
    bands = [band for band in page.section("curves").iter("rect") if band.get("class") == "band"]
    expect("bands of steps done again", len(bands), 6)


def check_curves(page, run):
    """The points of few epochs and steps, each with its value."""
    accuracy, loss, rate = page.section("curves").findall("figure")
    last = {record["step"]: record for record in run.of("step")}
    shown = lambda figure, colour: [text(dot) for dot in figure.iter("circle") if dot.get("class") == colour]
    epochs = {record["step"]: record for record in run.epochs}.values()
    expect("accuracy", shown(accuracy, "c0"), [f"step {e['step']}: {100 * e['test_accuracy']:.6g}" for e in epochs])
    expect("test loss", shown(loss, "c1"), [f"step {e['step']}: {e['test_loss']:.6g}" for e in epochs])
    expect("train loss", shown(loss, "c0"), [f"step {s}: {last[s]['loss']:.6g}" for s in sorted(last)])
    expect("learning rate", shown(rate, "c0"), [f"step {s}: {last[s]['learning_rate']:.6g}" for s in sorted(last)])


def ratio(part, whole):
    return f"{part / whole:.4f}" if whole else DASH


def check_classes(page, run):
    matrix = run.end["confusion"]
    for c, row in enumerate(page.rows("classes", 0)):
        expect("confusion", row, [str(c)] + [grouped(n) if n else "\u00b7" for n in matrix[c]] + [grouped(sum(matrix[c]))])
    for c, row in enumerate(page.rows("classes", 1)):
        right, samples, taken = matrix[c][c], sum(matrix[c]), sum(line[c] for line in matrix)
        expected = [str(c), ratio(right, taken), ratio(right, samples), ratio(2 * right, samples + taken), grouped(samples)]
        expect("class", row, expected)


def pixels(uri):
    """Of a grey PNG whose rows have no filter: its bytes."""
    file = base64.b64decode(uri.split(",", 1)[1], validate=True)
    expect("signature", file[:8], b"\x89PNG\r\n\x1a\n")
    at, data = 8, b""
    while at < len(file):
        (length,) = struct.unpack(">I", file[at : at + 4])
        if file[at + 4 : at + 8] == b"IDAT":
            data += file[at + 8 : at + 8 + length]
        at += 12 + length
    rows = zlib.decompress(data)
    return b"".join(rows[y * (SIDE + 1) + 1 : (y + 1) * (SIDE + 1)] for y in range(SIDE))


def check_mistakes(page, run, images):
    with open(f"{run.path}/predictions.csv", encoding="ascii") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    wrong = sorted((row for row in rows if row["label"] != row["prediction"]), key=lambda row: (-row["confidence"], row["index"]))
    items = list(page.section("mistakes").iter("li"))
    expect("number of mistakes", len(items), min(60, len(wrong)))
    expect("there are mistakes", bool(items), True)
    expect("lead", f"{len(wrong)} of {len(rows)} test images" in page.text, True)
    for item, row in zip(items, wrong):
        index = int(row["index"])
        said = f"{row['label']:.0f} as {row['prediction']:.0f}{percent(row['confidence'])}no. {index}"
        expect("mistake", text(item), said)
        expect(f"image {index}", pixels(item.find("img").get("src")), images[index * SIDE * SIDE : (index + 1) * SIDE * SIDE])


def left_out(run):
    """How many starts have no end with times, and the recorded steps behind the last times of each."""
    starts = []
    for record in run.records:
        if record["event"] in ("start", "resume"):
            starts.append({"timed": record["step"], "reached": record["step"], "whole": False})
        elif TIMES in record:
            starts[-1].update(timed=record["step"], whole=record["event"] == "end")
        elif record["event"] == "step":
            starts[-1]["reached"] = max(starts[-1]["reached"], record["step"])
    return sum(not start["whole"] for start in starts), sum(start["reached"] - start["timed"] for start in starts)


def check_times(page, run):
    timed = [record for record in run.records if TIMES in record]
    last = [after for before, after in zip(run.records, run.records[1:]) if before["event"] == "end"]
    due = [record for record in run.of("epoch", "checkpoint", "end") if record not in last]
    expect("records with times", [record["previous"] for record in timed], [record["previous"] for record in due])
    ranks = max(len(record[TIMES]) for record in timed)
    rows = page.rows("times")
    expect("kinds of time", len(rows), len(KINDS))
    for row, kind in zip(rows, KINDS):
        spent = [0.0] * ranks
        for record in timed:
            for phase in kind:
                for rank, value in enumerate(record[f"{phase}_microseconds"]):
                    spent[rank] += 1e-6 * value
        for shown, value in zip(row[1:], (sum(spent) / ranks, min(spent), max(spent))):
            # Half a unit of the last place shown, and what the order of the sums may differ in.
            expect(f"{row[0]}: {shown} near {value}", abs(float(shown) - value) <= 0.000501, True)
    starts, steps = left_out(run)
    expect("two starts were killed, and recorded steps behind their last times", (starts, steps > 0), (2, True))
    said = f"Such starts: {starts}; steps of them that are recorded: {steps}."
    expect("what is left out is told", said in text(page.section("times")), True)


def check_facts(page, run):
    start, digests, machine = run.starts[-1], page.facts("digests"), page.facts("machine")
    expect("model", digests[f"model, step {run.end['step']}"], run.end["digest"])
    expect("dataset", digests["dataset"], start["dataset"])
    expect("parameters", digests["parameters"], grouped(start["parameters"]))
    for name, key in (("kernels in use", "kernels"), ("MPI", "mpi"), ("HDF5", "hdf5"), ("compiler", "compiler"), ("host of rank 0", "host")):
        expect(name, machine[name], start[key])
    expect("ranks", machine["ranks"], str(start["ranks"]))
    settings = page.facts("settings")
    expect("a setting", settings["training.batch_size"], "50")
    expect("a text", settings["run.name"], "\"<b>&amp;'\"")
    weights = list(page.section("weights").iter("img"))
    expect("weights", len(weights), 4)


def check_run(path, directory, images):
    page, run = Page(path), Run(directory)
    with open(images, "rb") as file:
        pixel = file.read()
    check_head(page, run)
    check_starts(page, run)
    check_curves(page, run)
    check_classes(page, run)
    check_mistakes(page, run, pixel)
    check_times(page, run)
    check_facts(page, run)


def check_comparison(path, directories):
    page, runs = Page(path), [Run(directory) for directory in directories]
    figures = {row[0]: row[1:] for row in page.rows("figures")}
    names = ("test accuracy", "best test accuracy", "test loss", "training loss, last epoch")
    for i, run in enumerate(runs):
        expect("figures", [figures[name][i] for name in names], run.figures())
        expect("digest", figures["digest of the model"][i], run.end["digest"])
        expect("starts", figures["starts"][i], str(len(run.starts)))
    expect("differences", {row[0]: row[1:] for row in page.rows("differences")}, {"model.hidden": ["[4]", "[6, 5]"], "optimizer.learning_rate": ["0.1", "0.05"]})
    for figure in page.section("curves").findall("figure"):
        labels = [text(label) for label in figure.iter("text") if (label.get("class") or "").startswith("name")]
        expect("names of lines", sorted(labels), sorted(directory.rsplit("/", 1)[1] for directory in directories))


def check_absent(path, texts):
    page = Page(path)
    for wanted in texts:
        expect(f"the text {wanted!r}", wanted in page.text, True)


if __name__ == "__main__":
    if sys.argv[1] == "run":
        check_run(*sys.argv[2:])
    elif sys.argv[1] == "comparison":
        check_comparison(sys.argv[2], sys.argv[3:])
    else:
        check_absent(sys.argv[2], sys.argv[3:])
