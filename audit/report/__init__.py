"""The report: HTML, PDF, LaTeX and CSV as pure functions of a parsed audit.json.

Each renderer has its own module (`page.render`, `pdf.render_pdf`, `latex.render_tex`, `csv.render_csv`), so that
asking for one loads nothing of the others. The same audit.json gives the same bytes.
"""
