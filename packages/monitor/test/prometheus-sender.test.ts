import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort, referenceVersion, startOurs } from '../../../conformance/prometheus/servers.ts'
import { eventually } from './deadline.ts'

const isSkipped = referenceVersion() === undefined && process.env['CI'] !== 'true'
if (isSkipped) console.log('A real Prometheus as a sender is skipped: there is no prometheus on the path.')

async function valuesOf(url: string, query: string): Promise<number[]> {
  const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query }).toString()}`)
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } }
  return data.result.map(({ value }) => Number(value[1]))
}

test.skipIf(isSkipped)('what a real Prometheus sends arrives, and it counts no failure', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-sender-'))
  const ours = await startOurs()
  const port = await freePort()
  const sender = `http://127.0.0.1:${port}`
  await writeFile(
    join(folder, 'prometheus.yml'),
    JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [{ job_name: 'self', static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
      remote_write: [{ url: `${ours.url}/api/v1/write`, queue_config: { batch_send_deadline: '200ms' } }],
    }),
  )
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  )
  const ended = once(child, 'exit')
  try {
    await eventually('three scrapes on our side', async () => ((await valuesOf(ours.url, 'count_over_time(up{job="self"}[5m])'))[0] ?? 0) >= 3)
    expect(await valuesOf(ours.url, 'up{job="self"}')).toEqual([1])
    for (const name of ['samples_failed_total', 'samples_dropped_total', 'samples_retried_total']) {
      expect([name, await valuesOf(sender, `prometheus_remote_storage_${name}`)]).toEqual([name, [0]])
    }
  } finally {
    child.kill('SIGTERM')
    await ended
    await ours.close()
    await rm(folder, { recursive: true, force: true })
  }
})
