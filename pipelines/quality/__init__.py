"""Quality of what was loaded: defects of rows, likely duplicates, drift against the last good load.

Everything here reads the raw tables and writes findings (`meta_finding`, `meta_finding_row`) and
drift (`meta_drift`); nothing here changes a value or stops a run. What blocks is a Great
Expectations suite over these tables (`expectations/suites/raw`).
"""
