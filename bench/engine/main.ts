import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { cpuSeconds, freePort, residentMegabytes } from '../gateway/processes.ts'
import { replayCosts } from './replay-costs.ts'
import { streams } from './streams.ts'

// What the simulated engine costs: as a server, CPU time under paced streams; in a replay, how much faster than the clock it is, and how
// much memory a large fleet takes.

const root = join(import.meta.dirname, '..', '..')
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    out: { type: 'string', default: join(root, 'bench/results/engine.json') },
  },
})

const STREAMS = 64
/** About 50 a second and stream: the profile's steps of 12.6 ms and a little a sequence, slowed down. */
const TOKENS = 500

async function serverCosts() {
  const port = await freePort()
  const command = join(root, 'packages/signalbox/dist/signalbox.js')
  const child = spawn(process.execPath, [command, 'engine', '--port', String(port), '--profile', '70b-h100', '--model', 'bench', '--speed', '0.87'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: tmpdir(),
  })
  try {
    await answering(port)
    await streams(port, STREAMS, 50)
    const pids = [child.pid as number]
    const rounds = []
    for (let round = 0; round < Number(flags.rounds); round++) {
      const [cpu, began] = [cpuSeconds(pids), performance.now()]
      const streamed = await streams(port, STREAMS, TOKENS)
      const seconds = (performance.now() - began) / 1000
      if (streamed.complete !== STREAMS) throw new Error(`${STREAMS - streamed.complete} streams were cut`)
      const cores = (cpuSeconds(pids) - cpu) / seconds
      const tokensPerSecond = (STREAMS * TOKENS) / seconds
      rounds.push({ cores, tokensPerSecondAndStream: tokensPerSecond / STREAMS, microsecondsAToken: (cores * 1e6) / tokensPerSecond })
    }
    return { rounds, residentMegabytes: residentMegabytes(pids) }
  } finally {
    child.kill('SIGKILL')
  }
}

async function answering(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const health = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined)
    if (health?.ok === true) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`no engine answers on port ${port}`)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const server = await serverCosts()
const cores = median(server.rounds.map((round) => round.cores))
const pace = median(server.rounds.map((round) => round.tokensPerSecondAndStream))
console.log(
  `server: ${STREAMS} streams of ${pace.toFixed(1)} tokens/s take ${cores.toFixed(3)} of a core, ${server.residentMegabytes.toFixed(0)} MB resident`,
)
const replay = replayCosts(root)
const report = {
  benchmark: 'engine',
  command: 'npm run bench -- engine',
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
  node: process.version,
  machine: `${cpus().length} x ${cpus()[0]?.model}`,
  server: {
    streams: STREAMS,
    tokensPerSecondAndStream: pace,
    cores,
    coresTarget: 0.25,
    microsecondsAToken: median(server.rounds.map((round) => round.microsecondsAToken)),
    residentMegabytes: server.residentMegabytes,
    rounds: server.rounds,
  },
  replay,
}
mkdirSync(dirname(flags.out), { recursive: true })
writeFileSync(flags.out, `${JSON.stringify(report, null, 2)}\n`)
