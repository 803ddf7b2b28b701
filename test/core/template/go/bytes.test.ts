/**
 * Go strings are bytes. What is not UTF-8 comes through a template unchanged, and is counted and cut as bytes.
 */
import { expect, test } from 'vitest'

import { compileGo } from '../../../../src/core/template/go/compile.ts'
import { TEMPLATE_LIMITS } from '../../../../src/core/template/template.ts'
import { decodeUtf8, encodeUtf8 } from '../../../../src/core/utf8.ts'
import { ValueMap } from '../../../../src/core/value.ts'

const data = ValueMap.from('string', [
  ['bin', decodeUtf8(Buffer.from([0x61, 0xff, 0xe6, 0x97]))],
  ['uni', 'é日😀'],
])

const cases: [source: string, output: string | number[]][] = [
  ['{{.bin}}', [0x61, 0xff, 0xe6, 0x97]],
  ['{{len .bin}} {{len .uni}}', '4 9'],
  ['{{index .bin 1}} {{index .uni 0}}', '255 195'],
  ['{{slice .uni 2 5}}|{{slice .uni 0 1 | printf "%q"}}', '日|"\\xc3"'],
  ['{{printf "%q %x" .bin .bin}}', '"a\\xff\\xe6\\x97" 61ffe697'],
  ['[{{printf "%6s" .bin}}]', [0x5b, 0x20, 0x20, 0x61, 0xff, 0xe6, 0x97, 0x5d]],
  ['{{printf "%.2s" .bin}}', [0x61, 0xff]],
  ['{{urlquery .bin}} {{urlquery .uni}}', 'a%FF%E6%97 %C3%A9%E6%97%A5%F0%9F%98%80'],
  ['{{js .bin}}', [0x61, 0xff, 0xe6, 0x97]],
  ['{{"\\xc3"}}{{"\\xa9"}}', 'é'],
  [
    '{{$a := "\\xc3"}}{{$b := "\\xa9"}}{{len (print $a $b)}} {{eq (print $a $b) "é"}} {{printf "%s%s" $a $b | printf "%q"}}',
    '2 true "é"',
  ],
  ['{{lt "\\xff" "😀"}} {{lt "\\uffee" "😀"}}', 'false true'],
  ['{{printf "%d" (index "\\xff" 0)}} {{printf "%c" (index .uni 0)}}', '255 Ã'],
  ['{{printf "%\udcff" 1}}', '%!\ufffd(int=1)'],
]
test.each(cases)('%s', (source, output) => {
  const rendered = compileGo('', source, TEMPLATE_LIMITS).render(data)
  expect(encodeUtf8(rendered)).toEqual(Buffer.from(output))
  expect(decodeUtf8(encodeUtf8(rendered))).toBe(rendered)
})
