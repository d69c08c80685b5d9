/** Schemas nested deeper than this are written as `any`. */
const DEPTH_MAX = 16

/**
 * The functions of a request's `tools` as the type declarations that gpt-oss reads; JSON that lists none, or is none, stands as sent.
 * Enumerations, arrays, objects, descriptions, defaults and optional fields are written; other keywords of a schema are not.
 * SOURCE: OpenAI, "harmony response format", function calling.
 */
export function toolsNamespace(tools: string): string {
  const functions = functionsOf(tools)
  if (functions.length === 0) return tools
  return `## functions\n\nnamespace functions {\n\n${functions.map(declarationOf).join('')}} // namespace functions`
}

type Json = Readonly<Record<string, unknown>>

function functionsOf(tools: string): readonly Json[] {
  let list: unknown
  try {
    list = JSON.parse(tools)
  } catch {
    // Text that is not JSON is the prompt's business, not an error of the tokenizer.
    return []
  }
  if (!Array.isArray(list)) return []
  return list.map((tool) => objectOf(objectOf(tool)['function'])).filter((tool) => typeof tool['name'] === 'string')
}

function declarationOf(tool: Json): string {
  const parameters = objectOf(tool['parameters'])
  const fields = Object.keys(objectOf(parameters['properties'])).length
  const argument = fields > 0 ? `_: ${typeOf(parameters, 0)}` : ''
  return `${commentOf(tool)}type ${tool['name'] as string} = (${argument}) => any;\n\n`
}

function typeOf(schema: Json, depth: number): string {
  const choices = schema['enum']
  if (Array.isArray(choices)) return choices.map((choice) => JSON.stringify(choice)).join(' | ')
  const { type } = schema
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one }, depth)).join(' | ')
  if (depth >= DEPTH_MAX) return 'any'
  if (type === 'array') return `${typeOf(objectOf(schema['items']), depth + 1)}[]`
  if (type === 'object') return objectTypeOf(schema, depth)
  return type === 'integer' ? 'number' : typeof type === 'string' ? type : 'any'
}

function objectTypeOf(schema: Json, depth: number): string {
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const fields = Object.entries(objectOf(schema['properties'])).map(([name, value]) => {
    const field = objectOf(value)
    const note = field['default'] === undefined ? '' : ` // default: ${plain(field['default'])}`
    return `${commentOf(field)}${name}${required.includes(name) ? '' : '?'}: ${typeOf(field, depth + 1)},${note}\n`
  })
  return `{\n${fields.join('')}}`
}

function commentOf(described: Json): string {
  const { description } = described
  if (typeof description !== 'string') return ''
  return description
    .split('\n')
    .map((line) => `// ${line}\n`)
    .join('')
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}
