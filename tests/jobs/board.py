"""board.py [--tensorboard] RUN: do the event files of a run tell what its records and its config tell?

They are read by a small reader of our own, and by PyPI's tensorboard too if that is asked for. Prints how many points a
reader drops because they were done again later, and a digest of the pictures.
"""

import collections
import glob
import hashlib
import json
import os
import struct
import sys

SESSION_START = 1


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def message(data):
    """The members of a Protocol Buffers message: field -> list of values, those of fixed size and messages as bytes."""
    members, at = collections.defaultdict(list), 0
    while at < len(data):
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            size, at = varint(data, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            value, at = data[at : at + size], at + size
        members[tag >> 3].append(value)
    return members


def records(path):
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        assert at + 16 + size <= len(data), f"{path} ends within a record"
        yield message(data[at + 12 : at + 12 + size])
        at += 16 + size


def doubles(data):
    return struct.unpack(f"<{len(data) // 8}d", data)


def hparams_in(content):
    """name -> number or text, of the settings in the content of the plugin HParams."""
    entries = [message(entry) for entry in message(message(content)[3][0])[1]]
    values = [(entry[1][0].decode(), message(entry[2][0])) for entry in entries]
    return {name: value[3][0].decode() if 3 in value else doubles(value[2][0])[0] for name, value in values}


def meaning(value):
    """The kind of a Summary.Value, and what is compared of it."""
    if 2 in value:
        return "scalars", struct.unpack("<f", value[2][0])[0]
    if 4 in value:
        return "images", message(value[4][0])[4][0]
    if 5 in value:
        histogram = message(value[5][0])
        return "histograms", (doubles(histogram[3][0])[0], doubles(histogram[7][0]), doubles(histogram[6][0]))
    plugin = message(message(value[9][0])[1][0])
    if plugin[1] == [b"hparams"]:
        return "hparams", hparams_in(plugin[2][0])
    return "texts", message(value[8][0])[8][0].decode()


def read_ourselves(run):
    """kind -> tag -> step -> value, and how many points were dropped."""
    content, dropped = collections.defaultdict(lambda: collections.defaultdict(dict)), 0
    for path in sorted(glob.glob(glob.escape(run) + "/events.out.tfevents.*")):
        for event in records(path):
            step = event[2][0]
            if 7 in event:
                assert message(event[7][0])[1] == [SESSION_START]
                for points in (points for tags in content.values() for points in tags.values()):
                    for later in [at for at in points if at >= step]:
                        del points[later]
                        dropped += 1
            for value in (message(value) for summary in event[5] for value in message(summary)[1]):
                kind, what = meaning(value)
                points = content[kind][value[1][0].decode()]
                assert step not in points, f"{value[1]} has step {step} twice"
                points[step] = what
    return content, dropped


def read_by_tensorboard(run):
    """The texts from the reader that TensorBoard itself uses: the other one, which users' scripts call, keeps texts that
    were written again."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator as PluginAccumulator

    reader = EventAccumulator(run, size_guidance=dict.fromkeys(("scalars", "histograms", "images"), 0))
    texts = PluginAccumulator(run, size_guidance={"tensors": 0})
    reader.Reload()
    texts.Reload()
    content = collections.defaultdict(lambda: collections.defaultdict(dict))
    readers = {
        "scalars": (reader.Scalars, lambda e: e.value),
        "images": (reader.Images, lambda e: e.encoded_image_string),
        "histograms": (
            reader.Histograms,
            lambda e: (e.histogram_value.num, tuple(e.histogram_value.bucket), tuple(e.histogram_value.bucket_limit)),
        ),
        "texts": (texts.Tensors, lambda e: e.tensor_proto.string_val[0].decode()),
    }
    tags = {**reader.Tags(), "texts": texts.PluginTagToContent("text")}
    for kind, (read, value) in readers.items():
        for tag in tags[kind]:
            points = content[kind][tag]
            for event in read(tag):
                assert event.step not in points, f"{tag} has step {event.step} twice"
                points[event.step] = value(event)
    return content


def hparams_of_dashboard(run):
    """The settings as the dashboard HParams understands what TensorBoard reads of the event files."""
    from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import metadata

    reader = EventAccumulator(run)
    reader.Reload()
    tags = reader.PluginTagToContent(metadata.PLUGIN_NAME)
    assert set(tags) == {metadata.SESSION_START_INFO_TAG}, tags
    session = metadata.parse_session_start_info_plugin_data(tags[metadata.SESSION_START_INFO_TAG])
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in session.hparams.items()}


def settings_of(config):
    """path -> number, or text without its quotes."""
    groups, settings = [], {}
    for line in config.splitlines():
        name, _, value = line.strip().rstrip(";").partition(" = ")
        if value == "{":
            groups.append(name)
        elif name == "}":
            groups.pop()
        else:
            is_text = value[0] in '"[' or value in ("true", "false")
            settings[".".join([*groups, name])] = value.strip('"') if is_text else float(value)
    return settings


def expected_hparams(config):
    """The settings that belong to the result."""
    others = {"training.plan", "training.target_accuracy"}
    alone = {"run.seed", "data.classes", "data.scaling"}
    belongs = lambda path: path in alone or (path.split(".")[0] in ("model", "training", "optimizer") and path not in others)
    return {path: value for path, value in settings_of(config).items() if belongs(path)}


def single(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def expected_scalars(events, total):
    """What the records tell, each step's last."""
    every = (total + 9999) // 10000
    scalars = collections.defaultdict(dict)
    for event in events:
        step = event["step"]
        if event["event"] == "step" and (step % every == 0 or step == total):
            scalars["train/loss"][step] = single(event["loss"])
            scalars["train/learning_rate"][step] = single(event["learning_rate"])
        if event["event"] == "epoch":
            for key in ("train_loss", "test_loss", "test_accuracy", "samples_per_second"):
                if event[key] is not None:
                    scalars["epoch/" + key][step] = single(event[key])
    return scalars


def check_parameters(histograms, epochs, parameters):
    of_step = collections.defaultdict(float)
    for tag, points in histograms.items():
        assert tag.startswith("parameters/layer"), tag
        for step, (values, counts, limits) in points.items():
            assert sum(counts) == values and list(limits) == sorted(set(limits))
            of_step[step] += values
    assert of_step == dict.fromkeys(epochs, parameters), of_step


def main():
    run = sys.argv[-1]
    own, dropped = read_ourselves(run)
    hparams = own.pop("hparams")["_hparams_/session_start_info"]
    content = read_by_tensorboard(run) if "--tensorboard" in sys.argv else own
    with open(os.path.join(run, "metrics.jsonl")) as file:
        events = [json.loads(line) for line in file]
    starts = [event for event in events if event["event"] in ("start", "resume")]
    scalars = expected_scalars(events, starts[-1]["steps"])
    assert content["scalars"] == scalars, [tag for tag in scalars if content["scalars"].get(tag) != scalars[tag]]
    check_parameters(content["histograms"], scalars["epoch/train_loss"], starts[0]["parameters"])
    with open(os.path.join(run, "config.cfg")) as file:
        config = file.read()
    indented = "".join("    " + line for line in config.splitlines(keepends=True))
    assert content["texts"]["config"][starts[-1]["step"] + 1] == indented
    assert hparams[starts[-1]["step"] + 1] == expected_hparams(config), hparams
    assert "--tensorboard" not in sys.argv or hparams_of_dashboard(run) == expected_hparams(config)
    wrong = {step for step, accuracy in scalars["epoch/test_accuracy"].items() if accuracy < 1}
    assert set(content["texts"].get("mistakes/list", {})) == wrong
    pictures = content["images"].get("mistakes/worst", {})
    assert all(picture.startswith(b"\x89PNG\r\n\x1a\n") for picture in pictures.values())
    assert set(pictures) in (set(), wrong)
    assert all(content[kind] == own[kind] for kind in own), [kind for kind in own if content[kind] != own[kind]]
    print(dropped, hashlib.sha256(b"".join(pictures[step] for step in sorted(pictures))).hexdigest())


main()
