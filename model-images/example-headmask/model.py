"""A first step for heads: finds the head, measures it, and hands on the channel without what lies around it."""

import json
import os
import shutil
import sys
from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage

source, target = Path(os.environ["MENINX_INPUT"]), Path(os.environ["MENINX_OUTPUT"])
image = nibabel.load(source / "t1c.nii")
values = np.asarray(image.dataobj, dtype=np.float32)
if not np.isfinite(values).all():
    sys.exit(66)
if values.ndim != 3 or values.max() <= values.min():
    sys.exit(65)

# tissue is brighter than a sixth of the brightest fat and vessels; noise and air are not
tissue = ndimage.gaussian_filter(values, 1) > np.percentile(values, 99.5) / 6
parts, count = ndimage.label(ndimage.binary_opening(tissue, iterations=2))
if count == 0:
    sys.exit(65)
largest = parts == 1 + np.argmax(ndimage.sum_labels(tissue, parts, np.arange(1, count + 1)))
head = ndimage.binary_closing(np.pad(largest, 6), iterations=5)[6:-6, 6:-6, 6:-6]
for axis in range(3):  # holes are filled in each plane: the neck leaves the volume open
    planes = np.moveaxis(head, axis, 0)
    for plane in planes:
        plane[:] = ndimage.binary_fill_holes(plane)

head_ml = float(head.sum() * abs(np.linalg.det(image.affine[:3, :3])) / 1000)
cleaned = np.where(head, values, values.min())
nibabel.save(nibabel.Nifti1Image(cleaned, image.affine), target / "t1c.nii")
nibabel.save(nibabel.Nifti1Image(head.astype(np.uint8), image.affine), target / "segmentation.nii")
shutil.copy(source / "study.json", target / "study.json")
(target / "result.json").write_text(json.dumps({"measurements": {"head_ml": round(head_ml, 1)}}))
