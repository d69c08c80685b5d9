import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { chatRequest, closedLoop, sequential } from './client.ts'
import { cpuSeconds, type ProxyProcess, residentMegabytes, startBackend, startGateway, startNginx } from './processes.ts'

// The gateway beside nginx `proxy_pass` on the same instant backend, in turn, in one run: requests per CPU-second of the
// proxy process, without streaming and with 200 paced streams, and what the gateway adds to a lone request.

const root = join(import.meta.dirname, '..', '..')
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '6' },
    out: { type: 'string', default: join(root, 'bench/results/gateway.json') },
  },
})
const rounds = Number(flags.rounds)
const seconds = Number(flags.seconds)

interface Round {
  readonly requestsPerCpuSecond: number
  readonly requests: number
  readonly failed: number
}

async function measure(proxy: ProxyProcess, stream: boolean): Promise<Round> {
  const request = chatRequest(stream)
  const connections = stream ? 200 : 32
  await closedLoop(proxy.port, Math.min(connections, 16), chatRequest(false), performance.now() + 1_000)
  const before = cpuSeconds(proxy.pids)
  const { done, failed } = await closedLoop(proxy.port, connections, request, performance.now() + seconds * 1_000)
  return { requestsPerCpuSecond: done / (cpuSeconds(proxy.pids) - before), requests: done, failed }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const backend = await startBackend()
const nginx = await startNginx(backend.port)
const gateway = await startGateway(root, backend.port)
const result: Record<string, unknown> = {}
try {
  for (const stream of [false, true]) {
    const pairs: { nginx: Round; signalbox: Round }[] = []
    for (let round = 0; round < rounds; round++) {
      const pair = { nginx: await measure(nginx, stream), signalbox: await measure(gateway, stream) }
      pairs.push(pair)
      console.log(
        `${stream ? 'streams' : 'whole  '} ${round + 1}/${rounds}: nginx ${pair.nginx.requestsPerCpuSecond.toFixed(0)}, signalbox ${pair.signalbox.requestsPerCpuSecond.toFixed(0)} requests/CPU-s, ratio ${(pair.signalbox.requestsPerCpuSecond / pair.nginx.requestsPerCpuSecond).toFixed(3)}${pair.signalbox.failed + pair.nginx.failed > 0 ? ` FAILED ${pair.nginx.failed} ${pair.signalbox.failed}` : ''}`,
      )
    }
    result[stream ? 'stream' : 'whole'] = {
      nginxRequestsPerCpuSecond: median(pairs.map((pair) => pair.nginx.requestsPerCpuSecond)),
      signalboxRequestsPerCpuSecond: median(pairs.map((pair) => pair.signalbox.requestsPerCpuSecond)),
      ratio: median(pairs.map((pair) => pair.signalbox.requestsPerCpuSecond / pair.nginx.requestsPerCpuSecond)),
      target: stream ? 0.35 : 0.18,
      failed: pairs.reduce((sum, pair) => sum + pair.nginx.failed + pair.signalbox.failed, 0),
      rounds: pairs,
    }
  }
  const lone = chatRequest(false)
  const added: number[] = []
  for (let round = 0; round < rounds; round++) {
    const direct = median([...(await sequential(backend.port, 1_000, lone))])
    added.push(median([...(await sequential(gateway.port, 1_000, lone))]) - direct)
  }
  result['addedP50Ms'] = { median: median(added), target: 0.5, rounds: added }
  result['residentMegabytes'] = {
    signalbox: residentMegabytes(gateway.pids),
    nginx: residentMegabytes(nginx.pids),
    target: '150 beside the bounded rings (32 MiB of decision records)',
  }
} finally {
  gateway.stop()
  nginx.stop()
  backend.stop()
}
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim()
const report = {
  benchmark: 'gateway',
  command: `npm run bench -- gateway --rounds ${rounds} --seconds ${seconds}`,
  commit,
  node: process.version,
  machine: `${cpus().length} x ${cpus()[0]?.model}`,
  ...result,
}
mkdirSync(dirname(flags.out), { recursive: true })
writeFileSync(flags.out, `${JSON.stringify(report, null, 2)}\n`)
console.log(JSON.stringify({ ...report, whole: undefined, stream: undefined }, null, 2))
for (const shape of ['whole', 'stream']) {
  const { ratio, target } = report[shape as keyof typeof report] as unknown as { ratio: number; target: number }
  console.log(`${shape}: ${ratio.toFixed(3)} of nginx (target ${target})`)
}
