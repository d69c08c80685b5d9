import { profiles } from '@signalbox/engine'
import { type FleetSpec, parseFleet, replayColumns } from '@signalbox/replay'
import { policies } from '@signalbox/scheduler'
import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  type ExperimentFlags,
  names,
  number,
  several,
  whole,
  withReportFlags,
  withTraceArgument,
  withTraceFlags,
} from '../experiment/experiment-flags.ts'
import { helpList, shapeHelp } from '../experiment/help-text.ts'
import { ORACLE } from '../experiment/replay-policy.ts'

export interface ReplayFlags extends ExperimentFlags {
  readonly policy: readonly string[]
  readonly engines: GivenFleet
  readonly load: readonly number[]
  /** In place of `load`. */
  readonly rate?: readonly number[]
  readonly seeds: number
  readonly gateways: number
  readonly feedDelay?: number
  readonly poll: number
  readonly unstreamed: number
  readonly priorities?: number
  readonly threads?: number
}

/** A fleet as it was written, for the report. */
interface GivenFleet {
  readonly text: string
  readonly spec: FleetSpec
}

const POLICIES_DEFAULT = ['least-cost', 'longest-prefix', 'least-requests', 'round-robin', 'random']
const LOADS_DEFAULT = [0.3, 0.7, 0.95]
const FLEET_DEFAULT = '8x8b-h100'
const FLEET_KEYS = 'kv-blocks, steps (profile, polynomial, quadratic), noise, step-noise, scheduling (fcfs, priority), slots, batch-tokens'
const SEEDS_MAX = 100
const THREADS_MAX = 64

export function withReplayFlags(command: Command): Command {
  withTraceArgument(command)
    .addOption(
      new Option(
        '--policy <names>',
        `policies, by name or module such as ./mine.mjs, comma-separated, parameters after colons; ${ORACLE} knows every cache and queue`,
      )
        .argParser(names)
        .default(POLICIES_DEFAULT, POLICIES_DEFAULT.join(',')),
    )
    .addOption(
      new Option('--engines <fleet>', 'such as 8x70b-h100, or 4x8b-h100,kv-blocks=4000,noise=0.3+4x8b-a100')
        .argParser(fleet)
        .default(fleet(FLEET_DEFAULT), FLEET_DEFAULT),
    )
    .addOption(
      new Option('--load <fractions>', 'of the rate at which the fleet is saturated, which is measured first; comma-separated')
        .argParser(several(number(0.001, 10)))
        .default(LOADS_DEFAULT, LOADS_DEFAULT.join(',')),
    )
    .addOption(
      new Option('--rate <multiples>', 'of the recorded rate, in place of --load; comma-separated')
        .argParser(several(number(0.001, 1000)))
        .conflicts('load'),
    )
    .option('--seeds <number>', 'runs of each, with seeds of their own', whole(1, SEEDS_MAX), 5)
  withTraceFlags(command)
    .option('--gateways <number>', 'gateways that share the requests, each with its own knowledge', whole(1, 64), 1)
    .option('--feed-delay <ms>', 'they tell each other what they send, so much later (default: they do not)', number(0, 60_000))
    .option('--poll <ms>', "between two looks at an engine's state", number(1, 600_000), 1000)
    .option('--unstreamed <ratio>', 'share of requests that are not streamed, 0 to 1', number(0, 1), 0)
    .option('--priorities <number>', "so many are drawn over the requests, from 0 (default: the trace's own)", whole(2, 100))
    .option('--threads <number>', 'simulations at once (default: the processors)', whole(1, THREADS_MAX))
  return withReportFlags(command, replayColumns).addHelpText('after', helpText)
}

function fleet(text: string): GivenFleet {
  const parsed = parseFleet(text)
  if (!parsed.ok) throw new InvalidArgumentError(parsed.error)
  return { text, spec: parsed.value }
}

function helpText(): string {
  const oracle = 'Not a policy that could run: it knows every cache, queue and step time. What the others lose against it is their regret.'
  return `
Policies:
${helpList([...[...policies].map(([name, { description }]) => [name, description] as const), [ORACLE, oracle]])}

Engines are written COUNTxPROFILE[,KEY=VALUE]..., several kinds joined by +:
${helpList([...[...profiles].map(([name, { title }]) => [name, title] as const), ['keys', FLEET_KEYS]])}

Shapes, in place of a file, with their parameters and defaults:
${shapeHelp()}

Examples:
  signalbox replay mooncake_trace.jsonl --engines 8x70b-h100 --html replay.html
  signalbox replay shape:chat-sessions --policy least-cost,./mine.mjs --engines 4x8b-h100
  signalbox replay azure.csv --rate 1,2 --gateways 4 --feed-delay 100 --json -`
}
