"""Numbered steps from an empty database to today's tables; a step that was released is never edited."""
