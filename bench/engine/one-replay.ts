import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { seededRandom } from '@signalbox/base'
import { parseFleet, readTrace, Simulation, shapeTrace, type Trace } from '@signalbox/replay'
import { policies } from '@signalbox/scheduler'

// One replay, in a process of its own: node one-replay.ts ENGINES TRACE. Prints what it cost as JSON.
const [engines = '', source = ''] = process.argv.slice(2)

function traceOf(name: string): Trace {
  const random = seededRandom(1)
  const [shape = '', ...parameters] = name.slice('shape:'.length).split(',')
  const made = name.startsWith('shape:')
    ? shapeTrace(shape as never, Object.fromEntries(parameters.map((text) => [text.split('=')[0], Number(text.split('=')[1])])), random)
    : readTrace(readFileSync(name, 'utf8'), { name, random })
  if (!made.ok) throw new Error(JSON.stringify(made.error))
  return made.value
}

const fleet = parseFleet(engines)
const plugin = policies.get('least-cost')
if (!fleet.ok || plugin === undefined) throw new Error(`no fleet ${engines}`)
const trace = traceOf(source)
const [began, cpu] = [performance.now(), process.cpuUsage()]
const simulation = new Simulation({
  trace,
  fleet: fleet.value,
  policy: { kind: 'scheduler', plugin, parameters: undefined },
  seed: 1,
  gateways: 1,
  feed: undefined,
  objectives: { ttftMs: 2000, tpotMs: 100 },
})
while (simulation.advance(1_000_000));
const wallSeconds = (performance.now() - began) / 1000
const used = process.cpuUsage(cpu)
const result = simulation.result()
const virtualSeconds = result.virtualMs / 1000
console.log(
  JSON.stringify({
    engines,
    trace: basename(source),
    requests: result.requests,
    failed: result.failed,
    virtualSeconds,
    cpuSeconds: (used.user + used.system) / 1e6,
    wallSeconds,
    timesRealTime: virtualSeconds / wallSeconds,
    residentMegabytes: (process.resourceUsage().maxRSS * 1024) / 1e6,
  }),
)
