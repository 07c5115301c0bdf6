"""Entries of files, and bodies of the same shape, in the words of the register."""

from maintenance.register.asset import AssetDefinition, KeptIn, Nameplate
from maintenance.register.attribute import Attribute
from maintenance.register.file import AssetClassShape, AssetShape
from maintenance.register.warranty_terms import WarrantyTerms


def attributes_of(shape: AssetClassShape) -> dict[str, Attribute]:
    """The attributes of a class by their names in files."""
    return {
        key: Attribute(each.name or key, each.kind, each.unit, each.required, each.choices)
        for key, each in shape.attributes.items()
    }


def definition_of(shape: AssetShape, kept_in: KeptIn = KeptIn.FILES) -> AssetDefinition:
    """An asset as an entry says it is."""
    return AssetDefinition(
        tag=shape.tag,
        name=shape.name,
        asset_class=shape.asset_class,
        site=shape.site,
        location=shape.location,
        parent=shape.parent,
        criticality=shape.criticality,
        nameplate=Nameplate(shape.manufacturer, shape.model, shape.serial, shape.year),
        attributes=shape.attributes,
        external_ids=shape.external_ids,
        warranties=tuple(
            WarrantyTerms(each.vendor, each.starts_on, each.ends_on, each.terms)
            for each in shape.warranties
        ),
        kept_in=kept_in,
    )
