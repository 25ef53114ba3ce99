"""What is kept of the fitted models: one JSON file that needs no library to be read.

Trees as arrays of nodes, categories by name, calibration offsets, coefficients and metrics. A
pickle would run code when opened and die with the next version of the library.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pipelines.scoring.design import Design
from pipelines.scoring.outlook import Outlook
from pipelines.scoring.potential import PotentialFit
from pipelines.scoring.sales import SalesFit
from pipelines.scoring.shrunken import FARTHEST, ShrunkenFit
from pipelines.scoring.trees import CrossFit
from pipelines.scoring.win import WinFit

FORMAT = 1


def describe_models(
    identity: Mapping[str, str],
    potential: PotentialFit,
    sales: SalesFit,
    outlook: Outlook,
    win: WinFit,
) -> str:
    """The models as JSON text; the same models give the same text.

    Args:
        identity: what names the run and the versions, such as run_id and scikit-learn.
    """
    content = {
        "format": FORMAT,
        **dict(sorted(identity.items())),
        "potential": {
            "reason": potential.reason,
            "link": "exp(raw + offset of the segment)",
            "offsets": potential.offsets,
            "trees": _trees(potential.fit),
            "metrics": [asdict(metric) for metric in potential.metrics],
        },
        "predicted_sales": {
            "reason": sales.reason,
            "link": "exp(raw) × level",
            "trees": _trees(sales.fit),
            "estimate": _estimate(sales.estimate),
            "metrics": [asdict(metric) for metric in sales.metrics],
        },
        "buying_probability": {
            "reason": outlook.reason,
            "link": "raw, 0.005 to 0.995",
            "trees": _trees(outlook.fit),
            "metrics": [asdict(metric) for metric in outlook.metrics],
        },
        "win_probability": {
            "reason": win.reason,
            "coefficients": win.coefficients,
            "metrics": [asdict(metric) for metric in win.metrics],
        },
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _estimate(fit: ShrunkenFit | None) -> dict[str, Any] | None:
    """Weights by fold, and what they are multiplied with."""
    if fit is None:
        return None
    return {
        "link": "exp(intercept + Σ weight × trait), over its mean, × mean of the book",
        "trait": "(ln(1 + value ÷ mean of the moment) − mean) ÷ deviation; ln(value) for sizes; "
        "0 where unknown; 1 for members of a group",
        "farthest": FARTHEST,
        "columns": ["intercept", *fit.weights],
        "scales": fit.scales,
        "models": fit.fold_weights.tolist(),
    }


def _trees(fit: CrossFit | None) -> dict[str, Any] | None:
    if fit is None:
        return None
    return {
        # The library puts categories first.
        "columns": [*fit.design.categories, *fit.design.numbers],
        "models": [_model(fit.design, model) for model in fit.models],
    }


def _model(design: Design, model: Any) -> dict[str, Any]:
    trees = []
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        trees.append(
            {
                # A split on a category goes left where the bit of its place is set.
                "column": nodes["feature_idx"].tolist(),
                "threshold": [_finite(value) for value in nodes["num_threshold"].tolist()],
                "left": nodes["left"].tolist(),
                "right": nodes["right"].tolist(),
                "is_leaf": nodes["is_leaf"].tolist(),
                "missing_goes_left": nodes["missing_go_to_left"].tolist(),
                "category_set": nodes["bitset_idx"].tolist(),
                "is_category": nodes["is_categorical"].tolist(),
                "sets": predictor.raw_left_cat_bitsets.tolist(),
                "value": nodes["value"].tolist(),
            }
        )
    return {
        "baseline": model._baseline_prediction.ravel().tolist(),
        "categories": _categories(design, model),
        "trees": trees,
    }


def _categories(design: Design, model: Any) -> dict[str, list[str]]:
    """The values that a model met, in the places its splits count by."""
    if not design.categories:
        return {}
    met = model._preprocessor.named_transformers_["encoder"].categories_
    return {
        name: [known[int(code)] for code in codes.tolist() if code == code]
        for (name, known), codes in zip(design.categories.items(), met, strict=True)
    }


def _finite(value: float) -> float | None:
    """Thresholds of splits on missing values alone are infinite; JSON has no such number."""
    return value if abs(value) < float("inf") else None
