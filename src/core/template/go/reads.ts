/**
 * What a template can read of its data, found by looking at it: an answer that is sure only when it is no.
 *
 * A key of the root is read by its name, or by way of the root as a whole. Whoever passes the root on (`{{template "x" .}}`)
 * or walks over it counts as reading everything.
 */
import type { Argument, ListNode, PipeNode, Statement } from './ast.ts'

/** Whether what the templates print can depend on `key` of the root of their data. */
export function mayRead(templates: ReadonlyMap<string, ListNode>, key: string): boolean {
  return [...templates.values()].some((list) => inList(list, key, true))
}

/** @param dotIsRoot - whether `.` can be the whole of the data here */
function inList(list: ListNode, key: string, dotIsRoot: boolean): boolean {
  return list.some((statement) => inStatement(statement, key, dotIsRoot))
}

function inStatement(statement: Statement, key: string, dotIsRoot: boolean): boolean {
  switch (statement.type) {
    case 'action':
      return inPipe(statement.pipe, key, dotIsRoot)
    case 'template':
      return statement.pipe !== undefined && inPipe(statement.pipe, key, dotIsRoot)
    case 'if':
    case 'with':
    case 'range': {
      // Inside, the dot is what the pipeline gave, and that the root itself is not once the pipeline passes.
      const inner = dotIsRoot && statement.type === 'if'
      const { pipe, list, elseList } = statement
      return (
        inPipe(pipe, key, dotIsRoot) ||
        inList(list, key, inner) ||
        (elseList !== undefined && inList(elseList, key, dotIsRoot))
      )
    }
    case 'text':
    case 'break':
    case 'continue':
    default:
      return false
  }
}

function inPipe(pipe: PipeNode, key: string, dotIsRoot: boolean): boolean {
  return pipe.commands.some((command) => command.args.some((arg) => inArgument(arg, key, dotIsRoot)))
}

function inArgument(arg: Argument, key: string, dotIsRoot: boolean): boolean {
  switch (arg.type) {
    case 'field':
      return arg.path.includes(key)
    case 'variable':
      return (arg.name === '$' && arg.path.length === 0) || arg.path.includes(key)
    case 'chain':
      return arg.path.includes(key) || (arg.head.type === 'pipe' && inPipe(arg.head, key, dotIsRoot))
    case 'pipe':
      return inPipe(arg, key, dotIsRoot)
    case 'dot':
      return dotIsRoot
    case 'identifier':
    case 'nil':
    case 'bool':
    case 'number':
    case 'string':
    default:
      return false
  }
}
