"""Keep texts of people from being read as Markdown."""


def escape(text: str) -> str:
    """Escape a text, because keys, ids and descriptions are not to be formatting."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*_{}[]()#+-.!|<>~&" else letter for letter in text)
    return escaped.replace("\n", "  \n")
