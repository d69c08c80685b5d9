/** One replay of the benchmark, as arguments of `signalbox replay`. */
export interface Scenario {
  readonly id: string
  /** What it is there to show. */
  readonly about: string
  /** A trace file in ../shared/traces, or a shape. */
  readonly trace: string
  readonly args: readonly string[]
}

const POLICIES = 'least-cost,longest-prefix,least-requests,round-robin,random,oracle'
const FLEET = '8x70b-h100'
const mooncake = 'mooncake_synthetic.jsonl'
const code = 'AzureLLMInferenceTrace_code.csv'
const conversation = 'AzureLLMInferenceTrace_conv.csv'
const FOUR = ['--gateways', '4']
const FEED = [...FOUR, '--feed-delay', '100']

function scenario(
  id: string,
  about: string,
  trace: string,
  { engines = FLEET, args = [] }: { readonly engines?: string; readonly args?: readonly string[] } = {},
): Scenario {
  return { id, about, trace, args: ['--policy', POLICIES, '--engines', engines, ...args] }
}

/** The traces at three loads, one gateway and four; then engines that are not what a policy takes them for, and the trap. */
export const scenarios: readonly Scenario[] = [
  scenario('mooncake', 'long prompts that share prefixes', mooncake),
  scenario('mooncake-4', 'four gateways that tell each other nothing', mooncake, { args: FOUR }),
  scenario('mooncake-4-feed', 'four gateways with a feed, 100 ms late', mooncake, { args: FEED }),
  scenario('azure-code', 'no prefixes: load balance only; long prompts, short answers, bursts', code),
  scenario('azure-code-4', 'the same with four gateways that tell each other nothing', code, { args: FOUR }),
  scenario('azure-code-4-feed', 'the same with a feed, 100 ms late', code, { args: FEED }),
  scenario('azure-conversation', 'no prefixes: load balance only', conversation),
  scenario('azure-conversation-4', 'the same with four gateways that tell each other nothing', conversation, { args: FOUR }),
  scenario('chat-sessions', 'conversations that grow', 'shape:chat-sessions,requests=6000'),
  scenario('first-block', 'the trap: all prompts share their first block', 'shape:first-block,requests=4000'),
  scenario('mooncake-polynomial', 'step times of another family: quadratic prefill, decode by KV usage', mooncake, {
    engines: `${FLEET},steps=polynomial`,
  }),
  scenario('mooncake-quadratic', 'a third family: prefill by the square of the prompt, decode by context', mooncake, {
    engines: `${FLEET},steps=quadratic`,
  }),
  scenario('mooncake-priorities', 'engines that serve by three priorities, where the policy believes in first come, first served', mooncake, {
    engines: `${FLEET},scheduling=priority`,
    args: ['--priorities', '3'],
  }),
  scenario('mooncake-noise', 'engines up to 30 % faster and slower than their profile', mooncake, { engines: `${FLEET},noise=0.3` }),
  scenario('mooncake-unstreamed', '30 % of the answers are not streamed', mooncake, { args: ['--unstreamed', '0.3'] }),
]
