"""Stock Oscar 4.2.1 from the installed wheel: its own apps, templates and views, tuned as its operator could."""
