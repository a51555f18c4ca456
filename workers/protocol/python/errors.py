"""Error replies of the worker protocol."""


class ProtocolError(Exception):
    """An error reply: a kind of the protocol and a message for people."""

    def __init__(self, kind, message):
        Exception.__init__(self, message)
        self.kind = kind


def bad_request(message):
    return ProtocolError("bad-request", message)


def unsupported(message):
    return ProtocolError("unsupported", message)


def is_out_of_memory(error):
    signs = ("out of memory", "can't allocate memory", "not enough memory", "oom when allocating")
    return isinstance(error, MemoryError) or any(sign in message_of(error).lower() for sign in signs)


def member(values, name):
    if not isinstance(values, dict) or name not in values:
        raise bad_request("the request lacks %r" % name)
    return values[name]


def text(values, name):
    value = member(values, name)
    if not isinstance(value, (str, type(u""))):
        raise bad_request("%r must be a text, got %r" % (name, value))
    return value


def message_of(error):
    """Of any exception: in Python 2.7 str() fails where one is not ASCII, and bytes are of any encoding."""
    try:
        message = str(error)
    except UnicodeError:
        message = u"%s" % (error,)
    return message.decode("utf-8", "replace") if isinstance(message, bytes) else message


def positive(values, name):
    value = member(values, name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise bad_request("%r must be a whole number of at least 1, got %r" % (name, value))
    return value
