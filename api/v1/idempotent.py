"""The header of requests that may be sent again."""

from typing import Annotated

from fastapi import Header

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="Sending the same request again with the same key gives the same answer.",
    ),
]
