import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { build } from 'esbuild'
import { type DataSize, type PagePart, partsOf, setsOf } from './pages.ts'
import { writeRequest } from './write-request.ts'

/** A process with Prometheus's HTTP API. */
export interface Side {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/** What our side says of its filling. */
export interface Filled {
  readonly port: number
  readonly samples: number
  readonly series: number
  readonly seconds: number
  readonly stats: { readonly bytes: number }
}

/** The version of the `prometheus` on the path; undefined without one. */
export function prometheusVersion(): string | undefined {
  const asked = spawnSync('prometheus', ['--version'], { encoding: 'utf8' })
  return asked.error === undefined ? (/version (\S+)/.exec(asked.stdout + asked.stderr)?.[1] ?? 'unknown') : undefined
}

/** The store and query path of the monitor, filled; bundled as the build bundles it. */
export async function startOurs(size: DataSize, endMs: number): Promise<Side & { filled: Filled }> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  const outfile = join(folder, 'ours.mjs')
  const banner = { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" }
  const common = { bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'warning' } as const
  await build({ ...common, entryPoints: [join(import.meta.dirname, 'ours.ts')], outfile, conditions: ['signalbox-source'], banner })
  const child = spawn(process.execPath, [outfile, JSON.stringify(size), String(endMs)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => {
      throw new Error('our side ended before it was ready')
    }),
  ])
  const filled = JSON.parse(line as string) as Filled
  const stop = async (): Promise<void> => {
    await stopped(child)
    rmSync(folder, { recursive: true, force: true })
  }
  return { url: `http://127.0.0.1:${filled.port}`, pid: child.pid as number, filled, stop }
}

/** The installed Prometheus with its defaults on an empty folder, under this configuration. */
export async function startPrometheus(configuration = 'global: {}\n'): Promise<Side> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  writeFileSync(join(folder, 'prometheus.yml'), configuration)
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  const args = [`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${address}`]
  const child = spawn('prometheus', [...args, '--web.enable-remote-write-receiver', '--log.level=error'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const side: Side = {
    url: `http://${address}`,
    pid: child.pid as number,
    async stop() {
      await stopped(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  for (let attempt = 0; attempt < 400; attempt++) {
    const answer = await fetch(`${side.url}/-/ready`).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.ok === true) return side
    await delay(50)
  }
  await side.stop()
  throw new Error('Prometheus did not start')
}

/** Series a message: about 60,000 samples. */
const MESSAGE_SERIES = 500

/** Writes the data into a side by remote write; answers how many samples. */
export async function fill(side: Side, size: DataSize, endMs: number): Promise<number> {
  let waiting: PagePart[] = []
  let series = 0
  let samples = 0
  const send = async (): Promise<void> => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '0.1.0' }
    const answer = await fetch(`${side.url}/api/v1/write`, { method: 'POST', headers, body: writeRequest(waiting) })
    const said = await answer.text()
    if (!answer.ok) throw new Error(`remote write: ${answer.status} ${said}`)
    waiting = []
    series = 0
  }
  for (const part of partsOf(setsOf(size), endMs)) {
    waiting.push(part)
    series += part.series.length
    samples += part.series.length * part.timestampsMs.length
    if (series >= MESSAGE_SERIES) await send()
  }
  if (series > 0) await send()
  return samples
}

/** User and system CPU seconds of a process so far (proc(5), fields 14 and 15 of stat, in ticks of 10 ms). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Waits until the process has done next to nothing for a second, at most a minute: blocks are being cut after filling. */
export async function settled(side: Side): Promise<void> {
  for (let second = 0; second < 60; second++) {
    const before = cpuSeconds(side.pid)
    await delay(1_000)
    if (cpuSeconds(side.pid) - before < 0.05) return
  }
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
