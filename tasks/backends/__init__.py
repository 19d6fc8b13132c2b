"""External programs and data files that metrics need: Java, WordNet."""
