"""The pages of the marketplace, one module each for the member's own page, listings, exchanges and disputes."""
