"""Fitted scores: tables of features in, scores and their evidence out.

`design` makes matrices, `evidence` says whether a model beats a constant, `potential`, `sales` and
`win` are the models, `quality` is how they report, `artefact` what is kept of them. No module here
knows Dagster, dbt or a database; scikit-learn is imported where a model is fitted.
"""
