"""The home folder: strict TOML files to one frozen value, and the checks of how its parts fit."""
