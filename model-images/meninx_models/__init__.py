"""Models that segment: preprocessing, networks, training, evaluation, and what runs in the image.

What runs in the image (`contract`, `preprocess`, `infer`) needs numpy, scipy, nibabel and OpenVINO
only; torch and MONAI are for training.
"""
