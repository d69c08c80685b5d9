import { type Command, Option } from 'commander'
import { type ExperimentFlags, number, several, whole, withReportFlags, withTraceArgument, withTraceFlags } from '../experiment/experiment-flags.ts'
import { shapeHelp } from '../experiment/help-text.ts'
import { loadColumns } from '../experiment/load-columns.ts'

export interface LoadFlags extends ExperimentFlags {
  readonly url: readonly string[]
  readonly rate: readonly number[]
  /** In place of `rate`. */
  readonly rps?: readonly number[]
  /** Closed loop, in place of both. */
  readonly users?: readonly number[]
  readonly think?: number
  readonly duration?: number
  readonly runs: number
  readonly model?: string
  readonly traceModels?: boolean
  readonly api: 'chat' | 'completions'
  readonly stream?: boolean
  readonly ignoreEos: boolean
  readonly tokenFile?: string
  readonly connections: number
  readonly timeout: number
}

const URLS_DEFAULT: readonly string[] = ['http://127.0.0.1:8080']

export function withLoadFlags(command: Command): Command {
  withTraceArgument(command)
    .addOption(
      new Option('-u, --url <address>', 'the server, such as http://gpu1:8000; repeat for more, which are measured one after the other')
        .argParser((address: string, given: readonly string[]) => (given === URLS_DEFAULT ? [address] : [...new Set([...given, address])]))
        .default(URLS_DEFAULT, `${URLS_DEFAULT.join()}, the gateway`),
    )
    .addOption(
      new Option('--rate <multiples>', 'open loop: of the recorded rate; comma-separated').argParser(several(number(0.001, 1000))).default([1], '1'),
    )
    .addOption(
      new Option('--rps <rates>', 'open loop: requests a second, in place of --rate; comma-separated')
        .argParser(several(number(0.001, 100_000)))
        .conflicts('rate'),
    )
    .addOption(
      new Option('--users <counts>', 'closed loop: so many users, each waiting for its answer; comma-separated')
        .argParser(several(whole(1, 10_000)))
        .conflicts(['rate', 'rps']),
    )
    .option('--think <ms>', "of a user, between an answer and the next request (default: the trace's, for follow-ups)", number(0, 3_600_000))
    .option('--duration <seconds>', 'stop sending after so long; what is under way may end', number(0.1, 86_400))
    .option('--runs <number>', 'of each, with seeds of their own; intervals need two or more', whole(1, 100), 1)
  withTraceFlags(command)
    .option('--model <name>', 'to ask for (default: the first that the server lists)')
    .option('--trace-models', 'ask for the models that the trace names')
    .addOption(new Option('--api <name>', 'which endpoint').choices(['chat', 'completions']).default('chat'))
    .option('--stream', 'stream every answer (default: as the trace says)')
    .option('--no-stream', 'stream none')
    .option('--no-ignore-eos', 'for servers that refuse the field: answers end where the server ends them')
    .option('--token-file <file>', 'file holding a bearer token, where the server asks for one')
    .option('--connections <number>', 'requests in flight at most', whole(1, 65_000), 1024)
    .option('--timeout <seconds>', 'for a request and its whole answer', number(0.1, 86_400), 600)
  return withReportFlags(command, loadColumns).addHelpText('after', helpText)
}

function helpText(): string {
  return `
Shapes, in place of a file, with their parameters and defaults:
${shapeHelp()}

Examples:
  signalbox load shape:prefix-cache --url http://127.0.0.1:8080 --rps 5,10,20
  signalbox load shape:chat-sessions,requests=500 --users 8,32 --think 2000 --html load.html
  signalbox load trace.jsonl --rate 0.5 --requests 200 --url http://gpu1:8000 --url http://gpu2:8000`
}
