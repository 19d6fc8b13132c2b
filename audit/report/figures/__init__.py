"""Figures as SVG, drawn without a plotting library: identical bytes everywhere, sharp on paper and screen."""
