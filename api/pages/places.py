"""Sites and locations by name, and the time zone that an asset's times are shown in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.database import Connection
from maintenance.register.asset import Asset, Location, Site
from maintenance.register.queries import list_locations, list_sites


@dataclass(frozen=True, slots=True)
class Places:
    """Every site and location of the plant."""

    sites: Mapping[str, Site]
    locations: Mapping[tuple[str, str], Location]

    @property
    def plant(self) -> str:
        """What the header calls the plant: its one site, or how many there are."""
        if len(self.sites) == 1:
            return next(iter(self.sites.values())).name
        return f"{len(self.sites)} sites" if self.sites else "No site yet"

    def zone(self, site: str) -> str:
        """Time zone of a site."""
        return self.sites[site].time_zone if site in self.sites else "UTC"

    @property
    def main_zone(self) -> str:
        """The zone for lists over all sites: that of the one site, else UTC."""
        return self.zone(next(iter(self.sites))) if len(self.sites) == 1 else "UTC"

    def name_of(self, asset: Asset) -> str:
        """Where an asset stands, from the area inwards; the site first where there are several."""
        names = self._path(asset.site, asset.location)
        if len(self.sites) > 1 and asset.site in self.sites:
            names = [self.sites[asset.site].name, *names]
        return " · ".join(names) or "Without location"

    def _path(self, site: str, code: str | None) -> list[str]:
        names: list[str] = []
        while code is not None and (location := self.locations.get((site, code))):
            names.insert(0, location.name)
            code = location.parent
        return names


async def load_places(connection: Connection) -> Places:
    """The sites and locations of the register."""
    return make_places(await list_sites(connection), await list_locations(connection))


def make_places(sites: Sequence[Site], locations: Sequence[Location]) -> Places:
    """Sites and locations by their codes."""
    return Places(
        {site.code: site for site in sites},
        {(location.site, location.code): location for location in locations},
    )
