r"""Which macros of LaTeX and of the packages that tables use print what: data for `latex_text` and `latex`.

Macros stand by their arguments as pylatexenc writes them: `*` a star, `[` optional, `{` required; `-` for none.
"""

from __future__ import annotations

from collections.abc import Mapping


def _by_name(groups: Mapping[str, str]) -> dict[str, str]:
    return {name: spec.strip("-") for spec, names in groups.items() for name in names.split()}


# Formatting, references and lengths: they print nothing that belongs to a cell.
DROPPED = _by_name({
    "-": """footnotesize bfseries mdseries itshape slshape scshape ttfamily sffamily rmfamily normalfont bf it em rm
        sc tt sl sf tiny scriptsize small normalsize large Large LARGE huge centering raggedright raggedleft
        boldmath unboldmath hfill noindent strut arraybackslash relax xspace displaystyle textstyle scriptstyle
        unskip protect ignorespaces hss hline left right big Big null selectfont leavevmode limits nolimits
        allowbreak nobreak break newline bm thinspace - / ! endhead endfirsthead endfoot endlastfoot
        morecmidrules makegapedcells""",
    "[": "toprule midrule bottomrule addlinespace hdashline tabularnewline",
    "{": """label ref cref autoref citeyear phantom hphantom vphantom index cline cdashline Xhline hhline noalign""",
    "[{": "cellcolor color columncolor arrayrulecolor cmidrule footnotetext",
    "*{": "vspace hspace",
    "{{": "fontsize setlength addtolength hypertarget Xcline",
    "[{{": "rule",
    "{{{": "specialrule",
    "[{[[": "rowcolor",
    "*[{": "caption",
    "{[{": "captionof",
    "*[[{": "cite citep citet citealp",
    "*{[[{": "newcommand renewcommand",
})  # fmt: skip

# The last argument is what they print.
KEPT = _by_name({
    "{": """textbf textit textsl textsc texttt textsf textrm textmd textup textnormal emph underline uline uuline ul
        hl underbar dashuline text mathrm mathbf mathit mathsf mathtt boldsymbol pmb mathcal mbox hbox fbox
        ensuremath centerline rlap llap clap mathrlap MakeUppercase reflectbox""",
    "*{": "operatorname",
    "[{": "shortstack smash textsmaller",
    "{{": "adjustbox href hyperlink",
    "*[{": "makecell thead",
    "[{{": "rotatebox textcolor colorbox",
    "{[{": "scalebox",
    "{{{": "multicolumn",
    "*{{{": "resizebox",
    "[[{": "makebox framebox subfloat",
    "{[[{": "raisebox multirowcell multirowthead",
    "[{{{": "fcolorbox",
    "[[[{{": "parbox",
    "[{[{[{": "multirow",
})  # fmt: skip
SUPERSCRIPTS = _by_name({"{": "textsuperscript tnote thanks", "[": "footnotemark", "[{": "footnote tablefootnote"})
SUBSCRIPTS = _by_name({"{": "textsubscript"})
SIUNITX = _by_name({"[{": "num si unit tablenum ang", "[{{": "qty numrange", "[{[{": "SI", "[{{{": "SIrange"})
UNITS = {"percent": "%", "hour": "h", "minute": "min", "second": "s", "milli": "m", "kilo": "k", "hertz": "Hz",
         "decibel": "dB"}  # fmt: skip

# Symbols that pylatexenc drops or writes in another way.
SYMBOLS = {
    ",": "\u2009", ";": " ", ":": " ", ">": " ", " ": " ", "\n": " ", "quad": " ", "qquad": " ", "enspace": " ", "enskip": " ",
    "par": " ",
    "\\": " ", "textbackslash": "\\", "slash": "/", "colon": ":", "textpercent": "%", "percent": "%", "textdegree": "°",
    "textpm": "±", "pm": "±", "times": "×", "cdot": "·", "textminus": "−", "textendash": "–", "textemdash": "—",
    "vert": "|", "mid": "|", "lvert": "|", "rvert": "|", "textbar": "|", "ldots": "…", "dots": "…",
    "cmark": "✓", "xmark": "✗", "checkmark": "✓", "ding": "",
    "uparrow": "↑", "downarrow": "↓", "textuparrow": "↑", "textdownarrow": "↓", "to": "→", "rightarrow": "→",
    "textrightarrow": "→", "leftrightarrow": "↔",
    "dag": "†", "ddag": "‡", "dagger": "†", "ddagger": "‡", "textdagger": "†", "textdaggerdbl": "‡", "ast": "∗", "star": "⋆",
    "textasteriskcentered": "*", "S": "§", "P": "¶", "textsection": "§",
    "triangle": "△", "diamondsuit": "♦", "heartsuit": "♥", "clubsuit": "♣", "spadesuit": "♠",
    "textless": "<", "textgreater": ">", "lt": "<", "gt": ">", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "sim": "∼", "approx": "≈", "textasciitilde": "~",
}  # fmt: skip

# Environments: those with rows and columns, and those around them.
TABULARS = _by_name({
    "[{": "tabular longtable NiceTabular",
    "{[{": "tabular* tabularx tabulary",
    "{": "tabu supertabular",
    "[{{": "xltabular",
})  # fmt: skip
AROUND = _by_name(
    {"[": "threeparttable", "{": "adjustbox", "[{": "subtable subfigure", "[{[{": "wraptable", "[[[{": "minipage"}
)
