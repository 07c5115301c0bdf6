"""Sites, locations and classes, and the register as a table, as the API shows and takes them."""

from pydantic import BaseModel, ConfigDict, Field

from api.bodies.page import FromDomain
from config.difference import ChangeKind
from maintenance.register.asset import AssetClass, KeptIn, LocationLevel
from maintenance.register.attribute import AttributeKind
from maintenance.register.exchange import Imported


class SiteBody(FromDomain):
    """A plant at one place."""

    code: str = Field(examples=["berlin"])
    name: str
    time_zone: str = Field(examples=["Europe/Berlin"])
    kept_in: KeptIn


class LocationBody(FromDomain):
    """A place within a site."""

    site: str
    code: str = Field(examples=["hall-1"])
    name: str
    level: LocationLevel = Field(description="Equipment level (ISA-95).")
    parent: str | None = Field(description="Code of the location that it is in.")
    kept_in: KeptIn


class RoleBody(FromDomain):
    """What points of a role measure."""

    name: str
    unit: str = Field(examples=["mm/s"])
    kind: str = Field(examples=["gauge"])


class AttributeBody(FromDomain):
    """What is stated of every asset of a class."""

    name: str
    kind: AttributeKind
    unit: str | None = Field(examples=["kW"])
    required: bool
    choices: list[str]


class AssetClassBody(BaseModel):
    """A class of like assets (ISO 14224)."""

    code: str = Field(examples=["centrifugal_pump"])
    name: str
    equipment: str | None = Field(
        description="Equipment class and type of ISO 14224.", examples=["PU/CE"]
    )
    roles: dict[str, RoleBody]
    attributes: dict[str, AttributeBody]
    failure_modes: dict[str, str] = Field(
        description="Short name by code of ISO 14224.", examples=[{"VIB": "Vibration"}]
    )
    kept_in: KeptIn

    @classmethod
    def of(cls, each: AssetClass) -> "AssetClassBody":
        """From the register."""
        return cls(
            code=each.code,
            name=each.name,
            equipment=each.equipment,
            roles={name: RoleBody.model_validate(role) for name, role in each.roles.items()},
            attributes={
                name: AttributeBody(
                    name=said.name,
                    kind=said.kind,
                    unit=said.unit,
                    required=said.required,
                    choices=list(said.choices),
                )
                for name, said in each.attributes.items()
            },
            failure_modes=dict(each.failure_modes),
            kept_in=each.kept_in,
        )


class ImportChangeBody(BaseModel):
    """What an import did to one asset, or would do."""

    kind: ChangeKind
    tag: str = Field(examples=["P-103"])
    fields: list[str] = Field(description="Which fields change.", examples=[["location"]])


class ImportedBody(BaseModel):
    """What an import did, or would do."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"changes": [], "unchanged": 17}]})

    dry_run: bool = Field(description="True: nothing was changed.")
    changes: list[ImportChangeBody]
    unchanged: int

    @classmethod
    def of(cls, done: Imported, *, dry_run: bool) -> "ImportedBody":
        """From what came of it."""
        return cls(
            dry_run=dry_run,
            changes=[
                ImportChangeBody(
                    kind=change.kind,
                    tag=change.key,
                    fields=[field.name for field in change.fields],
                )
                for change in done.changes
            ],
            unchanged=done.unchanged,
        )
