/**
 * A decoded config as the JSON that Ignition gets: keys in the order of the schema, strings as Go escapes them.
 */
import { encodeGoString } from '../../go-json.ts'
import { type Decoded, type Field, type StructType, type Type, isList, isStruct } from './types.ts'

export function encode(type: Type, value: Decoded): string {
  switch (type.is) {
    case 'string':
      return encodeGoString(typeof value === 'string' ? value : '')
    case 'bool':
      return value === true ? 'true' : 'false'
    case 'int':
    case 'sectors':
      return typeof value === 'bigint' ? value.toString() : '0'
    case 'pointer':
      return encode(type.to, value)
    case 'list':
      return `[${isList(value) ? value.map((item) => encode(type.of, item)).join(',') : ''}]`
    case 'struct':
    default:
      return encodeStruct(type, value)
  }
}

function encodeStruct(type: StructType, value: Decoded): string {
  let members = ''
  for (const field of type.fields) {
    const member = isStruct(value) ? value[field.json] : undefined
    if (!isOmitted(field, member))
      members += `${members === '' ? '' : ','}"${field.json}":${encode(field.type, member)}`
  }
  return `{${members}}`
}

function isOmitted(field: Field, value: Decoded): boolean {
  if (field.always || field.type.is === 'struct') return false
  if (value === undefined || field.type.is === 'pointer') return value === undefined
  return value === '' || value === false || value === 0n || (isList(value) && value.length === 0)
}
