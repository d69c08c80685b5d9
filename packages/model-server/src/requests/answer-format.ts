import { isObject, type JsonObject } from '../body.ts'
import type { BodyFields } from '../body-fields.ts'
import type { AnswerForm } from './generation-request.ts'

const TEXT: AnswerForm = { kind: 'text' }
/** What `json_object` answers with: an object, and nothing is said about it. */
const ANY_OBJECT = { type: 'object', properties: { answer: { type: 'string' } }, required: ['answer'] }
const TOOLS_MAX = 128

/** A function that may be called; `schema` is that of its arguments. */
interface Tool {
  readonly name: string
  readonly schema: unknown
}

/** Reads `response_format` and `structured_outputs`. */
export function readFormat(fields: BodyFields): AnswerForm {
  const structured = fields.object('structured_outputs')
  if (structured !== undefined) return readStructured(fields, structured)
  const format = fields.object('response_format')
  if (format === undefined) return TEXT
  const schema = isObject(format['json_schema']) ? format['json_schema']['schema'] : undefined
  return formOf(fields, 'response_format', { type: format['type'], schema })
}

/** Reads `text.format` of the Responses API. */
export function readTextFormat(fields: BodyFields): AnswerForm {
  const format = fields.object('text')?.['format']
  return isObject(format) ? formOf(fields, 'text.format', { type: format['type'], schema: format['schema'] }) : TEXT
}

function formOf(fields: BodyFields, field: string, { type, schema }: { type: unknown; schema: unknown }): AnswerForm {
  if (type === 'text') return TEXT
  if (type === 'json_object') return { kind: 'json', schema: ANY_OBJECT, field }
  if (type !== 'json_schema') fields.refuse(field, 'must have the type text, json_object or json_schema')
  else if (!isObject(schema)) fields.refuse(field, 'of type json_schema needs a schema object')
  return { kind: 'json', schema, field }
}

function readStructured(fields: BodyFields, structured: JsonObject): AnswerForm {
  const { json, choice, json_object: jsonObject } = structured
  if (Array.isArray(choice) && choice.length > 0 && choice.every((one) => typeof one === 'string')) return { kind: 'choice', choices: choice }
  const schema: unknown = typeof json === 'string' ? parsed(json) : json
  if (isObject(schema)) return { kind: 'json', schema, field: 'structured_outputs.json' }
  if (jsonObject === true) return { kind: 'json', schema: ANY_OBJECT, field: 'structured_outputs' }
  fields.refuse('structured_outputs', 'needs json (a schema), choice (a list of strings) or json_object: true; nothing else is supported')
  return TEXT
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** How a dialect writes tools and the choice between them. */
export interface ToolDialect {
  /** The tool of an entry of `tools`; undefined: not one that can be called here. */
  tool(entry: JsonObject): Tool | undefined
  /** `tool_choice` as a word, or the name of the function that must be called. */
  choice(value: unknown): 'none' | 'auto' | 'required' | { readonly name: string } | undefined
}

const named = (name: unknown): { readonly name: string } | undefined => (typeof name === 'string' && name !== '' ? { name } : undefined)
const word = (value: unknown) => (value === undefined ? 'auto' : value === 'none' || value === 'auto' || value === 'required' ? value : undefined)

/** SOURCE: OpenAI's chat completions: `{type: 'function', function: {name, parameters}}`. */
export const chatTools: ToolDialect = {
  tool: ({ function: described }) =>
    isObject(described) && typeof described['name'] === 'string' ? { name: described['name'], schema: described['parameters'] ?? {} } : undefined,
  choice: (value) => word(value) ?? (isObject(value) && isObject(value['function']) ? named(value['function']['name']) : undefined),
}

/** SOURCE: OpenAI's responses: the function's fields stand in the tool itself. */
export const responsesTools: ToolDialect = {
  tool: ({ name, parameters }) => (typeof name === 'string' ? { name, schema: parameters ?? {} } : undefined),
  choice: (value) => word(value) ?? (isObject(value) ? named(value['name']) : undefined),
}

/** SOURCE: `reference/vllm.md` §3.9. */
export const messagesTools: ToolDialect = {
  tool: ({ name, input_schema: schema }) => (typeof name === 'string' ? { name, schema: schema ?? {} } : undefined),
  choice: (value) => {
    if (value === undefined) return 'auto'
    if (!isObject(value)) return undefined
    if (value['type'] === 'any') return 'required'
    return value['type'] === 'tool' ? named(value['name']) : value['type'] === 'auto' || value['type'] === 'none' ? value['type'] : undefined
  },
}

/** Reads `tools` and `tool_choice`; `otherwise` is the form of an answer that calls nothing. */
export function readTools(
  fields: BodyFields,
  dialect: ToolDialect,
  otherwise: AnswerForm,
): { readonly form: AnswerForm; readonly tools: string | undefined } {
  const entries = fields.list('tools', TOOLS_MAX) ?? []
  const tools: Tool[] = []
  for (const [index, entry] of entries.entries()) {
    if (!isObject(entry)) fields.refuse(`tools[${index}]`, 'must be an object')
    else if (entry['type'] === undefined || entry['type'] === 'function' || dialect === messagesTools) {
      const tool = dialect.tool(entry)
      if (tool === undefined) fields.refuse(`tools[${index}]`, 'needs the name of a function')
      else tools.push(tool)
    }
  }
  const written = entries.length > 0 ? JSON.stringify(entries) : undefined
  const choice = dialect.choice(fields.value('tool_choice'))
  if (choice === undefined) fields.refuse('tool_choice', 'must be none, auto, required (any) or name a function')
  if (choice === undefined || choice === 'none' || choice === 'auto') return { form: otherwise, tools: written }
  const tool = choice === 'required' ? tools[0] : tools.find(({ name }) => name === choice.name)
  if (tool !== undefined) return { form: { kind: 'tool', ...tool, isListed: choice === 'required' }, tools: written }
  if (choice === 'required') fields.refuse('tool_choice', 'requires a call, but tools has no function')
  else fields.refuse('tool_choice', `names ${JSON.stringify(choice.name)}, which is not in tools`)
  return { form: otherwise, tools: written }
}
