"""The forms of the marketplace's pages: what people type made clean. None of them saves."""
