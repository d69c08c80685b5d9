import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { cpuSeconds, startPrometheus } from '../promql/servers.ts'
import { pages } from './page.ts'

/** CPU milliseconds that Prometheus takes for each scrape of a page of `series` samples, one a second for `seconds`. */
export async function prometheusScrapeMs(series: number, seconds: number): Promise<number> {
  let scrapes = 0
  const all = pages(series)
  const server = createServer((_, response) => response.end(all[scrapes++ % all.length]))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const job = `  - job_name: bench\n    static_configs: [{ targets: ['127.0.0.1:${port}'] }]\n`
  const prometheus = await startPrometheus(`global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:\n${job}`)
  try {
    // Its series are made in the first scrapes; what follows is what a known page costs.
    while (scrapes < 5) await delay(100)
    const [cpuBefore, scrapesBefore] = [cpuSeconds(prometheus.pid), scrapes]
    await delay(seconds * 1000)
    return ((cpuSeconds(prometheus.pid) - cpuBefore) * 1000) / (scrapes - scrapesBefore)
  } finally {
    await prometheus.stop()
    server.closeAllConnections()
    server.close()
  }
}
