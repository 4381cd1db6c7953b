"""The package for a court (证据包): a BagIt 1.0 bag that anybody can check offline. Format: docs/formats/package.md."""
