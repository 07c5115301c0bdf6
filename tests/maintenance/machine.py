"""What state machines over a real database share: an emptied database and two connections to it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, LiteralString, TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from config.database import Connection, connect

T = TypeVar("T")


class DatabaseMachine(RuleBasedStateMachine):
    """Runs coroutines on a loop of its own; `other` is for what happens at once."""

    def __init__(self, database_url: str, *, empty: LiteralString) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.connection: Connection = self.run(connect(database_url, autocommit=True))
        self.other: Connection = self.run(connect(database_url, autocommit=True))
        # Some tables keep their rows for ever; not those of a test.
        self.run(self.connection.execute("SET session_replication_role = replica"))
        self.run(self.connection.execute(empty))
        self.run(self.connection.execute("SET session_replication_role = origin"))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.connection.close())
        self.run(self.other.close())
        self.runner.close()
