import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

interface Cost {
  readonly engines: string
  readonly trace: string
  readonly requests: number
  /** Of the trace as it was recorded, answers included. */
  readonly virtualSeconds: number
  /** Of the simulation, garbage collection included; reading the trace is left out. */
  readonly cpuSeconds: number
  readonly wallSeconds: number
  readonly timesRealTime: number
  /** Largest resident set, in 10^6 bytes. */
  readonly residentMegabytes: number
}

/** Costs of replays under the default policy, each in a process of its own with one simulation. */
export function replayCosts(root: string): readonly (Cost & { readonly target: string })[] {
  const mooncake = join(root, '..', 'shared', 'traces', 'mooncake_synthetic.jsonl')
  const costs = []
  if (existsSync(mooncake)) {
    for (const engines of ['8x70b-h100', '8x8b-h100'])
      costs.push({ ...cost(root, engines, mooncake), target: 'at least 200 times faster than real time' })
  } else console.log('replay: ../shared/traces is not there, Mooncake is left out')
  costs.push({ ...cost(root, '64x8b-h100', 'shape:chat-sessions,requests=100000,ratePerSecond=200'), target: 'at most 1,000 MB' })
  for (const { engines, trace, timesRealTime, residentMegabytes } of costs) {
    console.log(
      `replay: ${trace.split('/').at(-1)} on ${engines}: ${timesRealTime.toFixed(0)} times real time, ${residentMegabytes.toFixed(0)} MB at most`,
    )
  }
  return costs
}

function cost(root: string, engines: string, trace: string): Cost {
  const run = spawnSync(
    process.execPath,
    ['--conditions=signalbox-source', '--import=tsx', join(import.meta.dirname, 'one-replay.ts'), engines, trace],
    {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  if (run.status !== 0) throw new Error(`the replay of ${trace} ended with ${run.status}`)
  return JSON.parse(run.stdout) as Cost
}
