"""A name server of somebody else's, over UDP and TCP on one port, which says what a test wants."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections import Counter
from contextlib import suppress
from typing import Any, Self

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from plinto.kernel.environment import Address

# RFC 1035, section 4.2.1: what does not fit is asked for again over TCP.
_LONGEST = 512


class NameServer:
    """
    Knows ``texts`` and the root; other names do not exist.

    Names in ``broken`` are answered that their servers failed, those in ``silent`` not at all.
    While ``is_mute`` it answers nothing.
    """

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {}
        self.aliases: dict[str, str] = {}
        self.broken: set[str] = set()
        self.silent: set[str] = set()
        self.is_mute = False
        self.asked: Counter[str] = Counter()
        self._tcp, self._udp = self._listen()
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.05,))
            for server in (self._tcp, self._udp)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", int(self._tcp.server_address[1]))

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a deployment that asks this server."""
        return {"DNS_SERVERS": f"127.0.0.1:{self.address.port}"}

    def place(self, record: dict[str, str]) -> None:
        """Put a record there, as an owner of the domain would."""
        assert record["type"] == "TXT"
        self.texts.setdefault(record["name"], []).append(record["value"])

    def stop(self) -> None:
        for server in (self._tcp, self._udp):
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def answer(self, query: bytes, *, most: int) -> bytes | None:
        """Return the bytes to send back, if any."""
        try:
            message = dns.message.from_wire(query)
        except dns.exception.DNSException:
            return None
        question = message.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        self.asked[name] += 1
        if self.is_mute or name in self.silent:
            return None
        reply = dns.message.make_response(message, recursion_available=True)
        if name in self.broken:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif not name or name == ".":
            reply.answer.append(_rows(".", "NS", "a.root-servers.net."))
        else:
            self._tell(reply, name)
        with suppress(dns.exception.TooBig):
            return reply.to_wire(max_size=most)
        short = dns.message.make_response(message, recursion_available=True)
        short.flags |= dns.flags.TC
        return short.to_wire()

    def _tell(self, reply: Any, name: str) -> None:
        if name in self.aliases:
            reply.answer.append(_rows(f"{name}.", "CNAME", f"{self.aliases[name]}."))
            name = self.aliases[name]
        if name not in self.texts:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif self.texts[name]:
            reply.answer.append(_rows(f"{name}.", "TXT", *map(_quoted, self.texts[name])))

    def _listen(self) -> tuple[socketserver.BaseServer, socketserver.BaseServer]:
        """Take a port that is free for both; the other one may have been taken meanwhile."""
        for _ in range(20):
            tcp = _Streams(("127.0.0.1", 0), _StreamHandler)
            tcp.names = self
            try:
                udp = _Packets(tcp.server_address, _PacketHandler)
            except OSError:
                tcp.server_close()
                continue
            udp.names = self
            return tcp, udp
        raise OSError("No port is free for both.")


class _Streams(socketserver.ThreadingTCPServer):
    daemon_threads = True
    names: NameServer


class _Packets(socketserver.ThreadingUDPServer):
    daemon_threads = True
    names: NameServer


class _PacketHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        query, sender = self.request
        if answer := self.server.names.answer(query, most=_LONGEST):  # type: ignore[attr-defined]
            sender.sendto(answer, self.client_address)


class _StreamHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        stream: socket.socket = self.request
        (length,) = struct.unpack("!H", stream.recv(2, socket.MSG_WAITALL))
        query = stream.recv(length, socket.MSG_WAITALL)
        if answer := self.server.names.answer(query, most=65_535):  # type: ignore[attr-defined]
            stream.sendall(struct.pack("!H", len(answer)) + answer)


def _rows(name: str, kind: str, *values: str) -> dns.rrset.RRset:
    return dns.rrset.from_text(name, 60, dns.rdataclass.IN, kind, *values)


def _quoted(text: str) -> str:
    """Write a text in pieces of at most 255 characters, as a zone file has them."""
    pieces = [text[start : start + 255] for start in range(0, len(text), 255)]
    return " ".join(f'"{piece}"' for piece in pieces)
