import { engineModelOf } from '../config/engine-options.ts'
import type { Config } from '../config/schema.ts'
import type { DemoFlags } from '../supervisor/messages.ts'
import type { RoleAddresses } from '../supervisor/supervisor.ts'

export interface GreetingFacts {
  readonly version: string
  readonly config: Config
  /** By role name, what each listens on. */
  readonly addresses: RoleAddresses
  readonly demo: DemoFlags
  readonly tookMs: number
}

/** What a person reads when everything is up: the addresses and a request to try. */
export function greeting({ version, config, addresses, demo, tookMs }: GreetingFacts): string {
  const api = addresses.get('gateway')?.['api'] ?? ''
  const engines = [...addresses]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .filter(([name]) => name.startsWith('engine-'))
    .map(([, urls]) => urls['engine'])
  const lines = [
    `Signalbox ${version} is up (${(tookMs / 1_000).toFixed(1)} s).`,
    '',
    `  console   ${addresses.get('monitor')?.['console'] ?? ''}`,
    `  API       ${api}/v1   (OpenAI-compatible)`,
    `  metrics   ${addresses.get('gateway')?.['admin'] ?? ''}/metrics`,
  ]
  const { dataFolder, store } = config.monitor
  lines.push(`  samples   ${store.kind === 'memory' || dataFolder === undefined ? 'in memory' : dataFolder}`)
  if (engines.length > 0) lines.push(`  engines   ${engines.length} simulated: ${engines.join(' ')}`)
  if (demo.traffic) lines.push(`  traffic   simulated, about ${config.demo.requestsPerSecond} requests a second (--no-traffic leaves it out)`)
  const model = engines.length > 0 ? engineModelOf(config) : '<model>'
  lines.push(
    '',
    'Try:',
    '',
    `  curl ${api}/v1/chat/completions -H 'content-type: application/json' \\`,
    `    -d '{"model": "${model}", "messages": [{"role": "user", "content": "Good morning"}], "stream": true}'`,
    '',
    engines.length > 0
      ? 'Real model servers instead: npm start -- --backend http://host:8000 [--backend ...]. Ctrl-C stops everything.'
      : 'Ctrl-C stops everything.',
  )
  return lines.join('\n')
}
