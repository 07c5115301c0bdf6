"""The asset register: sites, locations, asset classes and the asset tree."""
