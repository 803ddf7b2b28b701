/**
 * Close a test run: name every skipped test with its reason, then print `N passed, N failed, N skipped` as the last line.
 *
 * Arguments: the JSON report of vitest; the exit status of vitest; steps that passed and failed before it. A vitest that
 * ended badly without a failed test (it crashed, left no report, caught an error outside of all tests) is one failure.
 * Exit status 1 unless something passed and nothing failed.
 */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly meta: { skipReason?: string }
    }[]
  }[]
}

const [path = '', vitestStatus = '', stepsPassed = '', stepsFailed = ''] = process.argv.slice(2)
const files = readReport()?.testResults ?? []
const tests = files.flatMap((file) =>
  file.assertionResults.map((test) => ({ ...test, file: relative('.', file.name) })),
)
const skipped = tests.filter((test) => !['passed', 'failed'].includes(test.status))
const passed = Number(stepsPassed) + tests.filter((test) => test.status === 'passed').length
/** A file that could not even be loaded has no tests that could have failed. */
const brokenFiles = files.filter(
  (file) => file.status === 'failed' && file.assertionResults.every((result) => result.status !== 'failed'),
)
const testsFailed = tests.filter((test) => test.status === 'failed').length + brokenFiles.length
const isVitestBroken = testsFailed === 0 && (vitestStatus !== '0' || tests.length === 0)
const failed = Number(stepsFailed) + testsFailed + Number(isVitestBroken)

for (const file of brokenFiles) console.log(`failed: ${relative('.', file.name)}: ${file.message}`)
if (isVitestBroken) console.log(`failed: vitest itself, with exit status ${vitestStatus} after ${tests.length} tests`)
for (const test of skipped) console.log(`skipped: ${test.file}: ${test.fullName}: ${oneLine(test.meta.skipReason)}`)
console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

/** Nothing when vitest did not come to write it, or not to its end. */
function readReport(): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report
  } catch {
    return undefined
  }
}

function oneLine(text = 'no reason given'): string {
  return text.trim().replaceAll(/\s*\n\s*/g, '; ')
}
