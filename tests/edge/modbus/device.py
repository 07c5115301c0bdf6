"""A Modbus device of a few lines whose holding registers and coils can be written."""

import struct


class WritableDevice:
    """Answers requests by what it holds, and keeps each of them; `refuse` is by function code."""

    def __init__(self, registers: int = 20, coils: int = 8) -> None:
        self.registers = [0] * registers
        self.coils = [0] * coils
        self.requests: list[bytes] = []
        self.refuse: dict[int, int] = {}
        self.silent: set[int] = set()

    def answer(self, _unit: int, request: bytes) -> bytes | None:
        self.requests.append(request)
        function = request[0]
        if function in self.silent:
            return None
        if function in self.refuse:
            return bytes([function | 0x80, self.refuse[function]])
        if function in {1, 3}:
            return self._read(request)
        self._write(request)
        return request[:5]

    def functions(self) -> list[int]:
        return [request[0] for request in self.requests]

    def _read(self, request: bytes) -> bytes:
        first, count = struct.unpack(">HH", request[1:5])
        if request[0] == 1:
            held = sum(bit << at for at, bit in enumerate(self.coils[first : first + count]))
            data = held.to_bytes((count + 7) // 8, "little")
        else:
            data = struct.pack(f">{count}H", *self.registers[first : first + count])
        return bytes([request[0], len(data)]) + data

    def _write(self, request: bytes) -> None:
        function, first, second = struct.unpack(">BHH", request[:5])
        if function == 5:
            self.coils[first] = int(second == 0xFF00)
        elif function == 6:
            self.registers[first] = second
        elif function == 15:
            bits = int.from_bytes(request[6:], "little")
            self.coils[first : first + second] = [bits >> at & 1 for at in range(second)]
        else:
            self.registers[first : first + second] = struct.unpack(f">{second}H", request[6:])
