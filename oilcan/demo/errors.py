"""The errors of the demo, named for what the caller does next.

OilcanError
├── ApiUnavailable      ask again: the API does not answer, or cannot at present
├── ApiRefused          correct the request: carries what the API said
└── PlantStopped        look into the log that it names: the simulated plant ended
"""

from config.errors import OilcanError


class ApiUnavailable(OilcanError):
    """The API does not answer, or cannot at present."""


class ApiRefused(OilcanError):
    """The API understood, and refused."""


class PlantStopped(OilcanError):
    """The process of the simulated plant ended."""
