"""A contract as Python functions, with as much of JSON Schema as the conformance contract needs."""

from datetime import datetime

from rpc_wire import MISSING, LARGEST_INTEGER

ANYTHING = {}
_TYPES = {
    "integer": lambda value: _is_number(value) and float(value).is_integer() and abs(value) <= LARGEST_INTEGER,
    "number": lambda value: _is_number(value),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
}


class Procedure:
    """One procedure: its handler and what goes in and out.

    A schema is a dict of JSON Schema, BYTES, TIME, or None for no value.

    A handler takes (input, context). With a stream out it is an async generator, else a coroutine; a stream in is
    `context.items`.
    """

    def __init__(
        self, handler, *, input=None, output=None, stream_in=MISSING, stream_out=MISSING, errors=None, idempotent=False
    ):
        self.handler, self.input, self.output = handler, input, output
        self.stream_in, self.stream_out = stream_in, stream_out
        self.errors, self.idempotent = errors or {}, idempotent

    @property
    def has_in(self):
        return self.stream_in is not MISSING

    @property
    def has_out(self):
        return self.stream_out is not MISSING

    def describe(self):
        return {
            "in": self.has_in,
            "out": self.has_out,
            "idempotent": self.idempotent,
            "timeoutMs": None,
            "input": _written(self.input),
            "output": _written(self.output),
            "streamIn": _written(self.stream_in),
            "streamOut": _written(self.stream_out),
            "errors": {kind: _written(schema) for kind, schema in self.errors.items()},
        }


class Contract:
    def __init__(self, name, version, procedures):
        self.name, self.version, self.procedures = name, version, procedures

    def describe(self):
        procedures = {name: procedure.describe() for name, procedure in self.procedures.items()}
        return {"service": self.name, "version": self.version, "procedures": procedures}


def parsed(schema, value):
    """The value as its receiver has it, with defaults. @raises ValueError"""
    check(schema, value)
    if not isinstance(schema, dict):
        return value
    if schema.get("type") == "integer":
        return int(value)
    properties = schema.get("properties", {})
    defaults = {key: one["default"] for key, one in properties.items() if "default" in one}
    known = {key: parsed(one, value[key]) for key, one in properties.items() if key in value}
    return {**defaults, **value, **known} if properties else value


def check(schema, value):
    """@raises ValueError for a value that does not fit"""
    if schema is None:
        if value is not MISSING and value is not None:
            raise ValueError("there is no value here")
    elif value is MISSING:
        raise ValueError("a value is missing")
    elif isinstance(schema, type):
        if not isinstance(value, schema):
            raise ValueError(f"{value!r} is not of type {schema.__name__}")
    else:
        _check_type(schema, value)


def _check_type(schema, value):
    if "type" in schema and not _TYPES[schema["type"]](value):
        raise ValueError(f"{value!r} is not of type {schema['type']}")
    for key, one in schema.get("properties", {}).items():
        if key in value:
            check(one, value[key])
        elif key in schema.get("required", []):
            raise ValueError(f"{key} is missing")


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _written(schema):
    # JSON Schema has neither bytes nor times.
    return schema if isinstance(schema, dict) else None


BYTES, TIME = bytes, datetime
