"""The command `rungsim curves`: its actions, by what they are about."""
