"""Models that segment: preprocessing, networks, training, evaluation, and what runs in the image.

What runs in the image (`contract`, `preprocess`, `infer`) needs numpy, scipy, nibabel and OpenVINO
only; torch and MONAI are for training.
"""

import sys

# OpenVINO would report its use over the internet: a hospital's model never phones home. With the
# name taken, OpenVINO falls back to its own stub.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
