import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type DataSize, type PagePart, partsOf, setsOf } from './pages.ts'
import { writeRequest } from './write-request.ts'

/** A process with Prometheus's HTTP API. */
export interface Side {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/** The version of the `prometheus` on the path; undefined without one. */
export function prometheusVersion(): string | undefined {
  const asked = spawnSync('prometheus', ['--version'], { encoding: 'utf8' })
  return asked.error === undefined ? (/version (\S+)/.exec(asked.stdout + asked.stderr)?.[1] ?? 'unknown') : undefined
}

/** Where the monitor keeps its samples: as it does by default, or in memory alone. */
export type StoreKind = 'disk' | 'memory'

/** The monitor from the built command, one query thread, on an empty folder. The engine that it is told to scrape is not there. */
export async function startMonitor(root: string, kind: StoreKind): Promise<Side> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  const configuration = join(folder, 'signalbox.yaml')
  writeFileSync(configuration, kind === 'memory' ? 'monitor: { store: { kind: memory } }\n' : '')
  const port = await freePort()
  const command = join(root, 'packages/signalbox/dist/signalbox.js')
  const args = [command, 'monitor', '--config', configuration, '--backend', 'http://127.0.0.1:9', '--console-port', String(port)]
  const data = kind === 'disk' ? ['--data-folder', join(folder, 'data')] : []
  return started('the monitor', spawn(process.execPath, [...args, ...data], { stdio: ['ignore', 'ignore', 'inherit'] }), port, folder)
}

/** The installed Prometheus with its defaults on an empty folder, under this configuration. */
export async function startPrometheus(configuration = 'global: {}\n'): Promise<Side> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  writeFileSync(join(folder, 'prometheus.yml'), configuration)
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  const args = [`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${address}`]
  const child = spawn('prometheus', [...args, '--web.enable-remote-write-receiver', '--log.level=error'], { stdio: ['ignore', 'ignore', 'inherit'] })
  return started('Prometheus', child, port, folder)
}

/** Waits until the process answers, at most 20 s. */
async function started(name: string, child: ChildProcess, port: number, folder: string): Promise<Side> {
  const side: Side = {
    url: `http://127.0.0.1:${port}`,
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
  throw new Error(`${name} did not start`)
}

/** Series a message: about 60,000 samples. */
const MESSAGE_SERIES = 500

/** What was written. */
export interface Filled {
  readonly samples: number
  readonly series: number
}

/** Writes the data into a side by remote write. */
export async function fill(side: Side, size: DataSize, endMs: number): Promise<Filled> {
  let waiting: PagePart[] = []
  let series = 0
  let samples = 0
  const written = new Set<string>()
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
    for (const { labels } of part.series) written.add(labels.key)
    series += part.series.length
    samples += part.series.length * part.timestampsMs.length
    if (series >= MESSAGE_SERIES) await send()
  }
  if (series > 0) await send()
  return { samples, series: written.size }
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
