"""The line between the process that runs a task and the ranks that train for it: a socket in the file system.

It carries lines of JSON. Only this user can reach its folder, and nothing listens on a network for it. It ends with
either side, so that neither outlives the other.
"""

from __future__ import annotations

import json
import selectors
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Message = dict[str, Any]


class Switchboard:
    """The end of the process that runs the task: hands `greeting` to each rank that calls, and hears what they say."""

    def __init__(self, path: Path, greeting: Message) -> None:
        self._greeting = _line(greeting)
        """What a caller hears first, and after it what was told to all."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._heard: dict[socket.socket, bytearray] = {}

    def listen(self, seconds: float, hear: Callable[[Message], None]) -> None:
        """Wait so long for messages, and hand on those that came."""
        for key, _ in self._selector.select(seconds):
            caller = key.fileobj
            assert isinstance(caller, socket.socket)
            if caller is self._listener:
                self._answer()
            else:
                self._read(caller, hear)

    @property
    def is_quiet(self) -> bool:
        """Tell whether nobody is on the line any more."""
        return not self._heard

    def tell(self, message: Message) -> None:
        """Say something to all ranks, and to those that call later."""
        self._greeting += _line(message)
        for caller in list(self._heard):
            self._send(caller, _line(message))

    def close(self) -> None:
        """Hang up, upon which ranks that still train end at once."""
        for caller in list(self._heard):
            self._drop(caller)
        self._selector.close()
        self._listener.close()

    def _answer(self) -> None:
        caller, _ = self._listener.accept()
        self._heard[caller] = bytearray()
        self._selector.register(caller, selectors.EVENT_READ)
        self._send(caller, self._greeting)

    def _read(self, caller: socket.socket, hear: Callable[[Message], None]) -> None:
        try:
            data = caller.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            self._drop(caller)
            return
        *lines, rest = (self._heard[caller] + data).split(b"\n")
        self._heard[caller] = bytearray(rest)
        for line in lines:
            hear(json.loads(line))

    def _send(self, caller: socket.socket, data: bytes) -> None:
        try:
            caller.sendall(data)
        except OSError:
            self._drop(caller)

    def _drop(self, caller: socket.socket) -> None:
        if self._heard.pop(caller, None) is not None:
            self._selector.unregister(caller)
            caller.close()


class Line:
    """The end of a rank: `stop` is set when it is told to, and `gone` is called when nobody is there any more."""

    def __init__(self, path: str, gone: Callable[[], object]) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._file = self._socket.makefile("rb")
        self.greeting: Mapping[str, Any] = json.loads(self._file.readline())
        self.stop = threading.Event()
        self._lock = threading.Lock()
        self._gone = gone
        threading.Thread(target=self._hear, name="llx-line", daemon=True).start()

    def say(self, message: Message) -> None:
        """Say something to the process that runs the task."""
        with self._lock:
            self._socket.sendall(_line(message))

    def _hear(self) -> None:
        for line in self._file:
            if json.loads(line) == {"stop": True}:
                self.stop.set()
        self._gone()


def _line(message: Message) -> bytes:
    return json.dumps(message).encode() + b"\n"
