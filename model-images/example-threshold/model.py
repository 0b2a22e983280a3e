"""The smallest model that obeys the contract: every voxel of the input at 500 or above."""

import json
import os
import sys
from pathlib import Path

import nibabel
import numpy as np

source, target = Path(os.environ["MENINX_INPUT"]), Path(os.environ["MENINX_OUTPUT"])
image = nibabel.load(source / "t1c.nii")
values = np.asarray(image.dataobj)
if not np.isfinite(values).all():
    sys.exit(66)
if values.ndim != 3:
    sys.exit(65)
labels = (values >= 500).astype(np.uint8)
nibabel.save(nibabel.Nifti1Image(labels, image.affine), target / "segmentation.nii")
(target / "result.json").write_text(json.dumps({"measurements": {"voxels": int(labels.sum())}}))
