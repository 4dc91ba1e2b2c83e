"""Sheets that cooperatives send in and take out: `kinds` are declared as data, `engine` takes each on its way."""
