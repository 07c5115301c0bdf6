"""What the HTTP API takes and gives: pydantic models, one module for each kind of resource."""
