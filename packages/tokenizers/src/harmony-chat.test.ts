import { expect, it } from 'vitest'
import { gptOssTokenizer } from './gpt-oss.ts'
import type { ChatMessage } from './types.ts'

const tokenizer = await gptOssTokenizer()
const say = (role: string, text: string): ChatMessage => ({ role, parts: [{ type: 'text', text }] })
const written = (messages: readonly ChatMessage[], tools?: unknown) =>
  tokenizer.decode(tokenizer.encodeChat(tools === undefined ? { messages } : { messages, tools: JSON.stringify(tools) }))

const SYSTEM =
  '<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: 2024-06\nCurrent date: 2025-08-05\n\n' +
  'Reasoning: medium\n\n# Valid channels: analysis, commentary, final. Channel must be included for every message.'

it('writes a conversation in the harmony format', () => {
  const messages = [say('system', 'Be brief.'), say('user', 'Which line?'), say('assistant', 'Two.'), say('tool', '{}'), say('user', 'Why?')]
  expect(written(messages)).toBe(
    `${SYSTEM}<|end|><|start|>developer<|message|># Instructions\n\nBe brief.<|end|><|start|>user<|message|>Which line?<|end|>` +
      '<|start|>assistant<|channel|>final<|message|>Two.<|end|><|start|>tool to=assistant<|channel|>commentary<|message|>{}<|end|>' +
      '<|start|>user<|message|>Why?<|end|><|start|>assistant<|channel|>final<|message|>',
  )
})

const weather = {
  type: 'function',
  function: {
    name: 'get_current_weather',
    description: 'Gets the current weather in the provided location.',
    parameters: {
      type: 'object',
      properties: {
        location: { type: 'string', description: 'The city and state, e.g. San Francisco, CA' },
        format: { type: 'string', enum: ['celsius', 'fahrenheit'], default: 'celsius' },
        days: { type: 'array', items: { type: 'integer' } },
      },
      required: ['location'],
    },
  },
}

it('declares tools as types, after the instructions', () => {
  const place = { type: 'function', function: { name: 'get_location', description: 'Gets the location of the user.' } }
  expect(written([say('developer', 'Use a friendly tone.'), say('user', 'hi')], [place, weather])).toBe(
    `${SYSTEM}\nCalls to these tools must go to the commentary channel: 'functions'.<|end|>` +
      '<|start|>developer<|message|># Instructions\n\nUse a friendly tone.\n\n# Tools\n\n## functions\n\nnamespace functions {\n\n' +
      '// Gets the location of the user.\ntype get_location = () => any;\n\n' +
      '// Gets the current weather in the provided location.\ntype get_current_weather = (_: {\n' +
      '// The city and state, e.g. San Francisco, CA\nlocation: string,\nformat?: "celsius" | "fahrenheit", // default: celsius\ndays?: number[],\n}) => any;\n\n' +
      '} // namespace functions<|end|><|start|>user<|message|>hi<|end|><|start|>assistant<|channel|>final<|message|>',
  )
})

it('declares tools in a message of their own where there are no instructions, and leaves what is no list of functions as sent', () => {
  expect(written([say('user', 'hi')], [weather])).toContain("'functions'.<|end|><|start|>developer<|message|># Tools\n\n## functions")
  const text = tokenizer.decode(tokenizer.encodeChat({ messages: [say('user', 'hi')], tools: '{"broken' }))
  expect(text).toContain('<|message|># Tools\n\n{"broken<|end|>')
})

it('counts the tokens that the reference counts', () => {
  // SOURCE: OpenAI, "harmony response format": the tokens of an answer, as its streaming parser is fed them.
  const answer = 'User asks: "What is 2 + 2?" Simple arithmetic. Provide answer.'
  const reference = [1844, 31064, 25, 392, 4827, 382, 220, 17, 659, 220, 17, 16842, 12295, 81645, 13, 51441, 6052, 13]
  expect([...tokenizer.encode(answer)]).toEqual(reference)
})
