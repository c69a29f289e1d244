"""The measurements of scripts/bench, one a file."""
