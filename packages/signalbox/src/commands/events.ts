import { type KvEventNotice, KvEventSubscriber, type KvEventSubscription } from '@signalbox/node'
import { Command, InvalidArgumentError } from 'commander'
import { StartError } from '../supervisor/role-process.ts'
import { eventHeader, eventJson, eventLines } from './event-lines.ts'

interface EventsFlags {
  readonly replay?: number
  readonly replayAddress?: string
  readonly topic?: string
  readonly count?: number
  readonly follow: boolean
  readonly json?: boolean
}

export function eventsCommand(): Command {
  return new Command('events')
    .description("KV-cache events of a running engine, simulated or vLLM's own, with what was lost of them; ends with Ctrl-C")
    .argument('<address>', 'where it publishes them, such as 127.0.0.1:5557; with *, as tcp://*:5557, for engines that connect to their subscriber')
    .option('--replay <sequence>', 'begin with what it still has from this sequence number on; 0: with all of it', wholeNumber)
    .option('--replay-address <address>', 'where it answers for what was missed (default with --replay: the next port); gaps are then filled')
    .option('--no-follow', 'end when the replay is through')
    .option('--topic <start>', 'only topics that begin so, such as kv@10.0.0.7')
    .option('--count <number>', 'end after so many batches', positiveNumber)
    .option('--json', 'one JSON object a line, hashes as decimal text')
    .action(events)
}

async function events(address: string, flags: EventsFlags): Promise<void> {
  const subscription = subscriptionOf(address, flags)
  const subscriber = await KvEventSubscriber.open({
    ...subscription,
    onConnection: (state) => console.error(state === 'connected' ? `connected to ${subscription.endpoint}` : 'the connection is lost; trying again'),
  })
  if (!subscriber.ok) throw new StartError(subscriber.error)
  const stop = (): void => subscriber.value.close()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  // Who reads no further, as `head`, has had enough.
  process.stdout.once('error', stop)
  console.error(`waiting for events of ${subscriber.value.endpoint}`)
  if (flags.json !== true) console.log(eventHeader)
  let batches = 0
  let topic: string | undefined
  for await (const notice of subscriber.value.notices()) {
    const its = 'topic' in notice ? notice.topic : undefined
    if (flags.json !== true && its !== undefined && its !== topic) console.log(`topic ${its}`)
    topic = its ?? topic
    print(notice, flags)
    if (notice.kind === 'batch') batches += 1
    if (batches === flags.count || (notice.kind === 'replayed' && !flags.follow)) stop()
  }
}

function print(notice: KvEventNotice, { json }: EventsFlags): void {
  if (json === true) console.log(eventJson(notice))
  else for (const line of eventLines(notice)) console.log(line)
}

/** What the arguments ask for. Throws a StartError that names the flag. */
export function subscriptionOf(address: string, flags: EventsFlags): KvEventSubscription {
  if (!flags.follow && flags.replay === undefined) throw new StartError('--no-follow: there is no end without a replay; add --replay 0')
  const endpoint = endpointOf(address)
  const replayEndpoint =
    flags.replayAddress === undefined ? (flags.replay === undefined ? undefined : nextPortOf(endpoint)) : endpointOf(flags.replayAddress)
  return {
    endpoint,
    ...(replayEndpoint === undefined ? {} : { replayEndpoint }),
    ...(flags.replay === undefined ? {} : { replayFrom: flags.replay }),
    ...(flags.topic === undefined ? {} : { topic: flags.topic }),
  }
}

function endpointOf(address: string): string {
  return address.includes('://') ? address : `tcp://${address}`
}

/** vLLM's examples and ours have the replay on the port after the events'. */
function nextPortOf(endpoint: string): string {
  const parts = /^(tcp:\/\/.+:)(\d+)$/.exec(endpoint)
  if (parts === null) throw new StartError(`--replay: ${endpoint} has no port to count on from; say where with --replay-address`)
  return `${parts[1]}${Number(parts[2]) + 1}`
}

function wholeNumber(text: string): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(number)) throw new InvalidArgumentError('expected a whole number.')
  return number
}

function positiveNumber(text: string): number {
  const number = wholeNumber(text)
  if (number === 0) throw new InvalidArgumentError('expected a whole number from 1.')
  return number
}
