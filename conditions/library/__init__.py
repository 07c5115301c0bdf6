"""The starter library: rule templates with the meaning, the first checks and the source of each number."""
