"""What an exception of somebody else's says, whatever that is."""

__all__ = ["text_of"]


def text_of(error: BaseException) -> str:
    """Its text. Never raises, so that it can be called where errors are caught."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the text of an error is computed by a method of its own, which may be wrong, too
        return "(its text cannot be told)"
