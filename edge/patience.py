"""How long to wait for a confirmation over a link whose speed nobody knows. Pure."""

_SHORTEST_S, _LONGEST_S = 5.0, 120.0


class Patience:
    """Grows while confirmations are late and follows those that come.

    A wait that is too short over a slow link never ends: each repetition queues behind the last.
    """

    def __init__(self) -> None:
        self.seconds = _SHORTEST_S

    def confirmed(self, took_s: float) -> None:
        """A confirmation came after so many seconds."""
        self.seconds = min(_LONGEST_S, max(_SHORTEST_S, 3 * took_s))

    def failed(self, took_s: float) -> None:
        """No confirmation came; only waiting in vain asks for more patience, a refusal does not."""
        if took_s >= self.seconds:
            self.seconds = min(_LONGEST_S, 2 * self.seconds)
