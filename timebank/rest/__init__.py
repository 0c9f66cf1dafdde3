"""What every app's `api.py` stands on: reading bodies strictly, saying no as problem JSON, pages, keys, scopes."""
