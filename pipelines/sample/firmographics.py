"""Size of the accounts: revenue, employees, segment."""

import numpy as np

# Two populations, fitted to published company lists: ln of annual revenue in USD millions.
# Small and midsize firms with a Pareto tail, and large corporations.
MIDSIZE_MEAN, MIDSIZE_SD = 2.54, 1.27
LARGE_MEAN, LARGE_SD, LARGE_SHARE = 6.94, 1.38, 0.18
TAIL_SHARE, TAIL_EXPONENT = 0.10, 1.17
NORMAL_P90 = 1.2815515655446004
TAIL_START_MUSD = float(np.exp(MIDSIZE_MEAN + NORMAL_P90 * MIDSIZE_SD))
# No company earns more: the largest of the United States had 648,000 in fiscal 2024.
LARGEST_MUSD = 650_000.0

# ln employees = intercept + slope × ln revenue in USD millions + residual.
EMPLOYEES_INTERCEPT, EMPLOYEES_SLOPE, EMPLOYEES_RESIDUAL_SD = 2.12, 0.745, 0.95
MOST_EMPLOYEES = 2_100_000

SEGMENTS = ("Small business", "Mid-market", "Enterprise")
# Lower bounds of mid-market and enterprise (Gartner): revenue in USD millions, or employees.
SEGMENT_REVENUE_MUSD = (50.0, 1_000.0)
SEGMENT_EMPLOYEES = (100, 1_000)


def draw_revenue(rng: np.random.Generator, count: int) -> np.ndarray:
    """Annual revenue in USD millions, shape (count,), above 0 and at most `LARGEST_MUSD`."""
    is_large = rng.random(count) < LARGE_SHARE
    normal = rng.standard_normal(count)
    # Inverse of the Pareto distribution, cut so that its largest value is LARGEST_MUSD.
    cut = 1.0 - (TAIL_START_MUSD / LARGEST_MUSD) ** TAIL_EXPONENT
    tail = TAIL_START_MUSD * (1.0 - cut * rng.random(count)) ** (-1.0 / TAIL_EXPONENT)
    midsize = np.where(normal > NORMAL_P90, tail, np.exp(MIDSIZE_MEAN + MIDSIZE_SD * normal))
    large = np.exp(LARGE_MEAN + LARGE_SD * normal)
    return np.minimum(np.where(is_large, large, midsize), LARGEST_MUSD)


def draw_employees(rng: np.random.Generator, revenue_musd: np.ndarray) -> np.ndarray:
    """Employees of firms of the given revenue, whole numbers from 1."""
    residual = EMPLOYEES_RESIDUAL_SD * rng.standard_normal(len(revenue_musd))
    expected = EMPLOYEES_INTERCEPT + EMPLOYEES_SLOPE * np.log(revenue_musd)
    return np.clip(np.rint(np.exp(expected + residual)), 1, MOST_EMPLOYEES).astype(np.int64)


def segment_of(revenue_musd: np.ndarray, employees: np.ndarray) -> np.ndarray:
    """Index into `SEGMENTS`: the higher of the segments that revenue and employees reach."""
    by_revenue = np.searchsorted(SEGMENT_REVENUE_MUSD, revenue_musd, side="right")
    by_employees = np.searchsorted(SEGMENT_EMPLOYEES, employees, side="right")
    return np.maximum(by_revenue, by_employees)
