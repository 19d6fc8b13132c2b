"""Tables of papers: LaTeX, Markdown or CSV in, labelled cells out."""
