"""The article's chat with its propagation mended; compare with `consumers`."""
