"""What people type on the pages of the marketplace, made clean. No form saves."""
