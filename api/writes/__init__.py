"""Write commands: asked for over HTTP, sent to the edge that has the point, kept for ever."""
