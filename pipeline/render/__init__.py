"""One Report document, several forms; renderers compute nothing."""
