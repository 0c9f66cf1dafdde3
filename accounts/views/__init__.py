"""The pages of members, one module each: settings, sending hours, giving them to the fund, codes to be paid by."""
