import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startMonitor } from '@signalbox/monitor'
import { systemClock } from '@signalbox/node'
import { bundleWorker } from '../../packages/monitor/test/worker-bundle.ts'

/** A server with Prometheus's HTTP API that starts empty and takes remote write. */
export interface Side {
  readonly url: string
  close(): Promise<void>
}

const START_MS_MAX = 60_000

/** The version of the `prometheus` on the path; undefined without one. */
export function referenceVersion(): string | undefined {
  const asked = spawnSync('prometheus', ['--version'], { encoding: 'utf8' })
  return asked.error === undefined ? (/version (\S+)/.exec(asked.stdout + asked.stderr)?.[1] ?? 'unknown') : undefined
}

/** The installed Prometheus on an empty folder and a free port. */
export async function startReference(): Promise<Side> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-conformance-'))
  const config = join(folder, 'prometheus.yml')
  await writeFile(config, 'global: {}\n')
  const port = await freePort()
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const ended = once(child, 'exit')
  const side: Side = {
    url: `http://127.0.0.1:${port}`,
    async close() {
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
  const endMs = performance.now() + START_MS_MAX
  for (;;) {
    const answer = await fetch(`${side.url}/-/ready`).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.ok === true) return side
    if (child.exitCode !== null || performance.now() > endMs) {
      await side.close()
      throw new Error('the reference Prometheus did not start')
    }
    await delay(50)
  }
}

/** Our monitor without targets, from source, its worker bundled as the build does it. */
export async function startOurs(): Promise<Side> {
  const bundle = await bundleWorker()
  const monitor = await startMonitor(
    { host: '127.0.0.1', port: 0, targets: [], demo: { simulatedEngines: 0, traffic: false }, version: 'conformance', workerUrl: bundle.url },
    { clock: systemClock, log: () => undefined },
  )
  const url = `http://127.0.0.1:${monitor.port}`
  for (let ready = false; !ready; ) {
    const answer = await fetch(`${url}/-/ready`)
    await answer.arrayBuffer()
    ready = answer.ok
    if (!ready) await delay(20)
  }
  return {
    url,
    async close() {
      await monitor.close()
      await bundle.remove()
    },
  }
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
