"""What is raised when bytes and what they should mean do not fit."""

__all__ = ["PayloadError"]


class PayloadError(Exception):
    """A payload or a result is not what its `Function` declares; the message says where and what is wrong.

    It is about the data, not about the moment: the same data is refused again.

    Example:
        >>> try:
        ...     Function("add", payload=int, result=int).encode_result("three")
        ... except PayloadError as error:
        ...     print("not sent")
        not sent
    """
