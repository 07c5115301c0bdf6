"""Documents and photos: files kept by their content, linked to what they are about."""
