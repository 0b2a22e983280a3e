"""A trainer as small as one can be that still learns, by the training contract, for tests.

It fits a logistic model on intensities by gradient descent, writes a checkpoint after each epoch,
goes on from it when it is started again, and says what it has made.
"""

import hashlib
import json
import os
import struct
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

PLAN, DATA, OUT = (Path(os.environ[f"MENINX_{name}"]) for name in ("PLAN", "DATA", "OUTPUT"))
LAST_WORD = Path(os.environ.get("MENINX_TERMINATION_LOG", "/dev/termination-log"))
UNUSABLE = 65


def plan() -> dict[str, Any]:
    """Return the plan. It is simple YAML: flat numbers, and one level below."""
    said: dict[str, Any] = {"epochs": 10, "rate": 1.0, "seconds": 0.0}
    for line in PLAN.read_text().splitlines():
        key, _, value = line.strip().partition(":")
        if key in said and value.strip():
            said[key] = type(said[key])(float(value))
    return said


def volumes(subjects: list[str]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return intensities, centred and scaled, and labels of the subjects."""
    images = [np.asarray(nibabel.load(DATA / "images" / name).dataobj) for name in subjects]
    labels = [np.asarray(nibabel.load(DATA / "labels" / name).dataobj) for name in subjects]
    return [(image - 400) / 100 for image in images], [label > 0 for label in labels]


def probability(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return what the model says of each voxel."""
    said: np.ndarray = 1 / (1 + np.exp(-(weights[0] * image + weights[1])))
    return said


def dice(weights: np.ndarray, images: list[np.ndarray], labels: list[np.ndarray]) -> float:
    """Return the mean Dice."""
    found = [probability(image, weights) > 0.5 for image in images]
    shares = [
        2 * (f & t).sum() / max(1, f.sum() + t.sum()) for f, t in zip(found, labels, strict=True)
    ]
    return float(np.mean(shares))


def epoch(
    weights: np.ndarray, images: list[np.ndarray], labels: list[np.ndarray], rate: float
) -> tuple[np.ndarray, float]:
    """Return the weights after one pass over the subjects, and the mean loss."""
    losses = []
    for image, truth in zip(images, labels, strict=True):
        said = probability(image, weights)
        error = said - truth
        weights = weights - rate * np.array([(error * image).mean(), error.mean()])
        losses.append(-np.log(np.where(truth, said, 1 - said) + 1e-9).mean())
    return weights, float(np.mean(losses))


def curves(values: list[float]) -> bytes:
    """Return the losses as a PNG, a column an epoch."""
    top = max([*values, 1e-9])
    rows = [
        [0 if v / top > 1 - y / 64 else 255 for v in values for _ in range(8)] for y in range(64)
    ]
    raw = b"".join(b"\0" + bytes(row) for row in rows)
    size = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    parts = ((b"IHDR", size), (b"IDAT", zlib.compress(raw)), (b"IEND", b""))
    made = b"\x89PNG\r\n\x1a\n"
    for kind, body in parts:
        made += struct.pack(">I", len(body)) + kind + body
        made += struct.pack(">I", zlib.crc32(kind + body))
    return made


def save(name: str, content: bytes) -> None:
    """Write a file whole or not at all: a kill must not leave half a checkpoint."""
    path = OUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(path.name + ".part")
    half.write_bytes(content)
    half.replace(path)


def subjects() -> tuple[list[str], list[str]]:
    """Return who is learned from, and who is held out: the last quarter."""
    known = sorted(path.name for path in (DATA / "images").glob("*.nii*"))
    if len(known) < 4:
        print(f"{len(known)} subjects: at least 4 are needed", file=sys.stderr)
        sys.exit(UNUSABLE)
    cut = len(known) - len(known) // 4
    return known[:cut], known[cut:]


def train(known: dict[str, Any], wanted: dict[str, Any], learn: list[str]) -> dict[str, Any]:
    """Go on from what is known until all epochs are done."""
    images, labels = volumes(learn)
    for number in range(known["epoch"] + 1, wanted["epochs"] + 1):
        weights, loss = epoch(np.array(known["weights"]), images, labels, wanted["rate"])
        reached = dice(weights, images, labels)
        best = max(known["best"], reached)
        losses = [*known["losses"], loss]
        known = {"epoch": number, "weights": list(weights), "best": best, "losses": losses}
        save("checkpoint.json", json.dumps(known).encode())
        time.sleep(wanted["seconds"])
        left = (wanted["epochs"] - number) * wanted["seconds"]
        said = {"epoch": number, "epochs": wanted["epochs"], "loss": loss, "dice": reached}
        print(json.dumps({**said, "bestDice": best, "etaSeconds": left}), flush=True)
    return known


def main() -> None:
    """Train, measure on the held-out subjects, write everything, and say the last word."""
    wanted, (learn, held_out) = plan(), subjects()
    save("plan.resolved.yaml", PLAN.read_bytes())
    save("data-report.json", json.dumps({"train": learn, "test": held_out}).encode())
    there = OUT / "checkpoint.json"
    known: dict[str, Any] = {"epoch": 0, "weights": [0.0, 0.0], "best": 0.0, "losses": []}
    if there.is_file():
        known = json.loads(there.read_text())
        print(f"goes on after epoch {known['epoch']}", flush=True)
    known = train(known, wanted, learn)
    weights = json.dumps({"weights": known["weights"]}).encode()
    files = [DATA / kind / name for kind in ("images", "labels") for name in held_out]
    digest = hashlib.sha256(b"".join(hashlib.sha256(f.read_bytes()).digest() for f in files))
    measured = {
        "dice": dice(np.array(known["weights"]), *volumes(held_out)),
        "heads": len(held_out),
        "dataset": digest.hexdigest(),
    }
    save("weights/model.json", weights)
    save("metrics.json", json.dumps(measured).encode())
    save("curves.png", curves(known["losses"]))
    result = {"weights": "weights/model.json", "sha256": hashlib.sha256(weights).hexdigest()}
    LAST_WORD.write_text(json.dumps({**result, "quality": measured}))


if __name__ == "__main__":
    main()
