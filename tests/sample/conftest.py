"""Companies generated once for all tests of the generator."""

import pytest

from tests.sample.exported_company import ExportedCompany, export_company


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> ExportedCompany:
    """5,000 accounts and 60 reps: large enough for its statistics to be near their targets."""
    return export_company(tmp_path_factory.mktemp("company"), 5_000, 60)


@pytest.fixture(scope="session")
def default_company(tmp_path_factory: pytest.TempPathFactory) -> ExportedCompany:
    """The company `make run` plans: 1,200 accounts, 25 reps, seed 7."""
    return export_company(tmp_path_factory.mktemp("default"), 1_200, 25)


@pytest.fixture(scope="session")
def dirty_company(tmp_path_factory: pytest.TempPathFactory) -> ExportedCompany:
    """The default company with faults."""
    return export_company(tmp_path_factory.mktemp("dirty"), 1_200, 25, dirt=True)
