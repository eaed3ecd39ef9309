"""Read files into sheets of text cells, and write tables as files."""
