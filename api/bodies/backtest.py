"""Backtests as the API shows them."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.backtests.request import BacktestRequest, Kind
from api.backtests.result import BacktestResult
from api.bodies.page import FromDomain

State = Literal["waiting", "running", "done", "failed", "cancelled", "interrupted"]


class BacktestBody(FromDomain):
    """A backtest as it stands."""

    id: int
    kind: Kind
    state: State = Field(description="interrupted: what ran it was gone before it was through.")
    request: BacktestRequest
    progress: float = Field(ge=0, le=1, description="Share of the range that is through.")
    readings: int = Field(description="Readings replayed so far.")
    error: str | None = Field(description="Why it failed.")
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class BacktestDetail(BacktestBody):
    """A backtest with its result, once it is done."""

    result: BacktestResult | None
