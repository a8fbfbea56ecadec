"""A judged run for people and for machines: terminal text, one HTML file, JUnit, CSV.  Strings only."""
