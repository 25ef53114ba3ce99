"""Settings of a project: what may be said in the YAML files, and how they are read.

Three kinds, each with a JSON Schema in `config/schemas` and unknown keys refused: the project
(where data comes from and goes), the scoring constants, and one planning policy per scenario.
"""
