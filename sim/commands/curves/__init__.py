"""The actions of the command `rungsim curves`, one module for each subject."""
