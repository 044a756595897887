"""Small scripts, each one lesson; `python -m demos` is the guided tour."""
