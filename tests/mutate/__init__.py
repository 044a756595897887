"""Rules made wrong on purpose, to see that the tests find out."""
