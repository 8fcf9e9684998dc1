"""What is shown of a run or a study: tables on the screen, files and pictures."""
