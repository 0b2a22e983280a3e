"""The main job, shown: from a scanner's study to the segmentation in the PACS."""
