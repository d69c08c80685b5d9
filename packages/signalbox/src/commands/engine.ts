import { type EngineDialectId, engineDialects, profiles } from '@signalbox/engine'
import { type Faults, parseFaults } from '@signalbox/model-server'
import { type TokenizerId, tokenizerIds } from '@signalbox/tokenizers'
import { Command, InvalidArgumentError, Option } from 'commander'
import { engineDialectOf, engineFaultsOf, engineModelOf } from '../config/engine-options.ts'
import { engineDialectNames, profileNames, roleNames } from '../config/engine-section.ts'
import type { Config } from '../config/schema.ts'
import { startEngineRole } from '../roles/engine-role.ts'
import { type RunningRole, runByHand, StartError } from '../supervisor/role-process.ts'
import { faultOf } from './fault-flag.ts'
import { type CommonFlags, configFrom, engineCount, portNumber, wholeNumber, withConfigFlags } from './flags.ts'

type EngineConfig = Config['engine']

interface EngineFlags {
  readonly config?: string
  readonly host?: string
  readonly port?: number
  readonly count: number
  readonly model?: string
  readonly profile?: EngineConfig['profile']
  readonly kvBlocks?: number
  readonly speed?: number
  readonly tokenizer?: TokenizerId
  readonly text?: string
  readonly dialect?: readonly EngineDialectId[]
  readonly scheduling?: EngineConfig['scheduling']
  readonly role?: EngineConfig['role']
  readonly adapter?: Readonly<Record<string, string>>
  readonly eventsPort?: number
  readonly fault?: Faults
  readonly seed?: number
}

const GRACE_MS = 4_000
const PORT_FLAG = '--port'

const EXAMPLES = `
Examples:
  signalbox engine                                          one engine on port 8001
  signalbox engine --count 4 --profile 8b-h100              four of them, on ports 8001 to 8004
  signalbox engine --kv-blocks 200 --speed 4                a small cache, four times as fast
  signalbox engine --adapter sql=adapters/sql --adapter poems=adapters/poems
  signalbox engine --port 8100 --role prefill               one half of a prefill/decode pair
  signalbox engine --fault failRatio=0.1 --fault stallMs=5000@60s
                                                            a tenth fails with 500; after a minute it stands still for 5 s
  signalbox engine --fault die=true@30s+10s                 dead from the 30th second to the 40th

docs/engine.md says what is simulated, and what each fault does. All of it can stand in the file too, under engine:.`

export function engineCommand(): Command {
  return withConfigFlags(new Command('engine'))
    .description("simulated engines alone: vLLM's HTTP in front of an engine that schedules, batches and caches, but has no model")
    .option('--port <number>', 'port of the first; the others follow (default: 8001)', portNumber)
    .option('--count <number>', 'engines, all in this process', engineCount, 1)
    .option('--model <name>', "model name (default: the profile's)")
    .addOption(new Option('--profile <name>', 'step times and cache (default: demo)').choices(profileNames))
    .option('--kv-blocks <number>', "blocks of the KV cache (default: the profile's)", blockCount)
    .option('--speed <factor>', '2 makes every step take half its time (default: 1)', speedFactor)
    .addOption(new Option('--tokenizer <name>', 'how text becomes tokens (default: pieces)').choices(tokenizerIds))
    .option('--text <source>', 'what is answered: canned, echo, or a data set file with one JSON object a line (default: canned)')
    .addOption(new Option('--dialect <name...>', 'whose metrics they speak, in turn (default: vllm vllm-0.9)').choices(engineDialectNames))
    .addOption(new Option('--scheduling <order>', 'who is admitted first (default: fcfs)').choices(['fcfs', 'priority']))
    .addOption(new Option('--role <role>', 'half of a prefill/decode pair (default: both)').choices(roleNames))
    .option('--adapter <name=path>', 'a LoRA adapter that is there from the start; repeat for more', adapterOf)
    .option(
      '--events-port <number>',
      'publish KV-cache events over ZeroMQ there; missed ones can be had on the next port, further engines follow',
      portNumber,
    )
    .option('--fault <key=value>', 'what goes wrong; key=value@AFTER+FOR begins later and ends by itself; repeat for more', faultFlag)
    .option('--seed <number>', 'seed of answers, step noise and random faults (default: 1)', seedNumber)
    .addHelpText('after', EXAMPLES)
    .action(runEngines)
}

async function runEngines(flags: EngineFlags): Promise<void> {
  const config = configOf(flags)
  const running = await runByHand(() => startAll(config, flags.count), GRACE_MS)
  console.log(introduction(config, Object.values(running.addresses)))
}

/** Engines of one process: all run or none. */
async function startAll(config: Config, count: number): Promise<RunningRole> {
  if (config.engine.port + count - 1 > 65_535)
    throw new StartError(`${count} engines from port ${config.engine.port} on need ports above 65535; choose another with ${PORT_FLAG}`)
  const engines: RunningRole[] = []
  const stop = async (graceMs: number): Promise<void> => {
    await Promise.all(engines.map((engine) => engine.stop(graceMs)))
  }
  for (let index = 0; index < count; index++) {
    try {
      engines.push(await startEngineRole(config, index, PORT_FLAG))
    } catch (error) {
      await stop(0)
      throw error
    }
  }
  return { addresses: Object.fromEntries(engines.map(({ addresses }, index) => [`engine-${index + 1}`, addresses['engine'] ?? ''])), stop }
}

function introduction(config: Config, addresses: readonly string[]): string {
  const { engine } = config
  const model = engineModelOf(config)
  const first = addresses[0] ?? ''
  const key = engine.apiKey === undefined && engine.apiKeyFile === undefined ? '' : ` -H 'authorization: Bearer <key>'`
  const lines = addresses.map((address, index) => `  ${address}/v1   ${model}   metrics of ${engineDialects[engineDialectOf(config, index)].title}`)
  return [
    `Simulated: no model runs. Texts: ${typeof engine.texts === 'string' ? engine.texts : engine.texts.file}. Times: ${profiles.get(engine.profile)?.title ?? engine.profile}${engine.speed === 1 ? '' : `, ${engine.speed} times as fast`}.`,
    '',
    ...lines,
    '',
    'Try:',
    '',
    `  curl ${first}/v1/chat/completions -H 'content-type: application/json'${key} \\`,
    `    -d '{"model": "${model}", "messages": [{"role": "user", "content": "Good morning"}], "stream": true}'`,
    '',
    `Faults: curl ${first}/simulator/faults -d '{"stallMs": 5000}'. Ctrl-C stops ${addresses.length === 1 ? 'it' : 'them'} (again: at once).`,
  ].join('\n')
}

/** The file's values under the flags. */
function configOf(flags: EngineFlags): Config {
  const common: CommonFlags = {
    ...(flags.config === undefined ? {} : { config: flags.config }),
    ...(flags.host === undefined ? {} : { host: flags.host }),
  }
  const config = configFrom(common)
  const { engine } = config
  const { adapter, dialect, eventsPort, fault, kvBlocks, model, profile, role, scheduling, seed, speed, text, tokenizer } = flags
  return {
    ...config,
    engine: {
      ...engine,
      port: flags.port ?? engine.port,
      model: model ?? engine.model,
      profile: profile ?? engine.profile,
      kvBlocks: kvBlocks ?? engine.kvBlocks,
      speed: speed ?? engine.speed,
      tokenizer: tokenizer ?? engine.tokenizer,
      texts: text === undefined ? engine.texts : textsOf(text),
      dialect: dialect ?? engine.dialect,
      scheduling: scheduling ?? engine.scheduling,
      role: role ?? engine.role,
      adapters: { ...engine.adapters, ...adapter },
      events:
        eventsPort === undefined ? engine.events : { encoding: 'array', hashes: 'int', ...engine.events, port: eventsPort, replayPort: undefined },
      faults:
        fault === undefined ? engine.faults : Array.from({ length: flags.count }, (_, index) => ({ ...engineFaultsOf(config, index), ...fault })),
      seed: seed ?? engine.seed,
    },
  }
}

function textsOf(source: string): EngineConfig['texts'] {
  return source === 'canned' || source === 'echo' ? source : { file: source }
}

function blockCount(text: string): number {
  const blocks = wholeNumber(text)
  if (!(blocks >= 2 && blocks <= 100_000_000)) throw new InvalidArgumentError('a cache has 2 to 100000000 blocks.')
  return blocks
}

function speedFactor(text: string): number {
  const factor = Number(text)
  if (!(text.trim() !== '' && factor >= 0.01 && factor <= 10_000)) throw new InvalidArgumentError('a speed is a number from 0.01 to 10000.')
  return factor
}

function seedNumber(text: string): number {
  const seed = wholeNumber(text)
  if (!(seed <= 0xffff_ffff)) throw new InvalidArgumentError('a seed is a whole number from 0 to 4294967295.')
  return seed
}

function adapterOf(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('expected a name and a path, such as sql=adapters/sql.')
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}

function faultFlag(text: string, before: Faults = {}): Faults {
  const fault = faultOf(text)
  const plan = fault.ok ? parseFaults({ ...before, ...fault.value }) : fault
  if (!plan.ok) throw new InvalidArgumentError(`${plan.error}.`)
  return plan.value
}
