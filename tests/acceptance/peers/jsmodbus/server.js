// A Modbus TCP server of jsmodbus on loopback. Its one argument is JSON: the port, and what its four
// tables hold from address 0. It says `ready` once it listens.
'use strict'

const net = require('net')
const modbus = require('jsmodbus')

const { port, holding, input, coil, discrete } = JSON.parse(process.argv[2])

function registers (values) {
  const buffer = Buffer.alloc(2 * 1000)
  values.forEach((value, at) => buffer.writeUInt16BE(value, 2 * at))
  return buffer
}

function bits (values) {
  const buffer = Buffer.alloc(100)
  values.forEach((value, at) => { buffer[at >> 3] |= value << (at & 7) })
  return buffer
}

const listener = new net.Server()
void new modbus.server.TCP(listener, {
  holding: registers(holding), input: registers(input), coils: bits(coil), discrete: bits(discrete)
})
listener.listen(port, '127.0.0.1', () => console.log('ready'))
