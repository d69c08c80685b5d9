import { toolsNamespace } from './harmony-tools.ts'
import { appendImage } from './image-token.ts'
import type { ChatMessage, ChatPrompt } from './types.ts'

/** Numbers of the structural tokens. SOURCE: OpenAI, "harmony response format", special tokens. */
const CHANNEL = 200_005
const START = 200_006
const END = 200_007
const MESSAGE = 200_008

/**
 * What precedes every conversation. The date is a fixed one: servers write today's, which makes every prompt new at midnight.
 * SOURCE: OpenAI, "harmony response format", system message.
 */
const SYSTEM =
  'You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: 2024-06\nCurrent date: 2025-08-05\n\nReasoning: medium\n\n' +
  '# Valid channels: analysis, commentary, final. Channel must be included for every message.'
const TOOLS_CHANNEL = "\nCalls to these tools must go to the commentary channel: 'functions'."

/**
 * A conversation in the harmony format of gpt-oss:
 *
 *     <|start|>system<|message|>You are ...<|end|>
 *     <|start|>developer<|message|># Instructions ... # Tools ...<|end|>      system and developer messages of the request
 *     <|start|>user<|message|>...<|end|>
 *     <|start|>assistant<|channel|>final<|message|>...<|end|>
 *     <|start|>tool to=assistant<|channel|>commentary<|message|>...<|end|>
 *     <|start|>assistant<|channel|>final<|message|>
 *
 * The assistant's turn opens in the channel of answers, so that the answer's text follows at once: of a model that thinks first,
 * the thoughts are left out of the next prompt, and what was computed after them is never found again.
 * SOURCE: OpenAI, "harmony response format".
 */
export function encodeHarmonyChat(prompt: ChatPrompt, appendText: (text: string, tokens: number[]) => void): Uint32Array {
  const tokens: number[] = []
  const open = (role: string, channel?: string) => {
    tokens.push(START)
    appendText(role, tokens)
    if (channel !== undefined) {
      tokens.push(CHANNEL)
      appendText(channel, tokens)
    }
    tokens.push(MESSAGE)
  }
  const appendParts = ({ parts }: ChatMessage) => {
    for (const part of parts) {
      if (part.type === 'text') appendText(part.text, tokens)
      else appendImage(part.url, tokens)
    }
    tokens.push(END)
  }
  const { messages, tools } = prompt
  open('system')
  appendText(tools === undefined ? SYSTEM : SYSTEM + TOOLS_CHANNEL, tokens)
  tokens.push(END)
  const instructed = messages[0] !== undefined && isInstruction(messages[0].role)
  if (tools !== undefined && !instructed) {
    open('developer')
    appendText(`# Tools\n\n${toolsNamespace(tools)}`, tokens)
    tokens.push(END)
  }
  for (const [index, message] of messages.entries()) {
    if (isInstruction(message.role)) {
      open('developer')
      appendText('# Instructions\n\n', tokens)
      appendParts(message)
      if (index === 0 && tools !== undefined) {
        tokens.pop()
        appendText(`\n\n# Tools\n\n${toolsNamespace(tools)}`, tokens)
        tokens.push(END)
      }
      continue
    }
    if (message.role === 'assistant') open('assistant', 'final')
    else if (message.role === 'tool') open('tool to=assistant', 'commentary')
    else open(message.role)
    appendParts(message)
  }
  open('assistant', 'final')
  return new Uint32Array(tokens)
}

function isInstruction(role: string): boolean {
  return role === 'system' || role === 'developer'
}
