/**
 * Close a test run: name every skipped test with its reason, then print `N passed, N failed, N skipped` as the last line.
 *
 * Arguments: the JSON report of vitest; steps that passed and failed before it. Exit status 1 unless something passed and
 * nothing failed.
 */
import { readFileSync } from 'node:fs'

interface Report {
  readonly success: boolean
  readonly numFailedTestSuites: number
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

const [path = '', stepsPassed = '0', stepsFailed = '0'] = process.argv.slice(2)
const report = JSON.parse(readFileSync(path, 'utf8')) as Report
const tests = report.testResults.flatMap((file) =>
  file.assertionResults.map((result) => ({ ...result, file: file.name })),
)
const skipped = tests.filter((test) => !['passed', 'failed'].includes(test.status))
const passed = Number(stepsPassed) + tests.filter((test) => test.status === 'passed').length
/** A file that could not even be loaded has no tests that could have failed. */
const brokenFiles = report.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.every((result) => result.status !== 'failed'),
)
const failed = Number(stepsFailed) + tests.filter((test) => test.status === 'failed').length + brokenFiles.length

for (const file of brokenFiles) console.log(`failed: ${file.name}: ${file.message}`)
for (const test of skipped) console.log(`skipped: ${test.fullName}: ${test.meta.skipReason ?? 'no reason given'}`)
console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`)
process.exitCode = failed > 0 || passed === 0 || !report.success ? 1 : 0
