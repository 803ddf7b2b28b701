/**
 * ELF files, as far as the image needs them (System V ABI, chapters 4 and 5; 64 bits, little endian): what a kernel module
 * says of itself, and programs without what only debuggers read.
 */
const HEADER_BYTES = 64

/**
 * The file without everything that is not loaded: symbols, debug information, the table of sections. What `strip` does and
 * a little more, for any processor.
 */
export function withoutSections(program: Buffer): Buffer {
  checkElf(program)
  const [at, size, count] = [Number(program.readBigUInt64LE(32)), program.readUInt16LE(54), program.readUInt16LE(56)]
  let end = Math.max(HEADER_BYTES, at + size * count)
  for (let segment = at; segment < at + size * count; segment += size) {
    end = Math.max(end, Number(program.readBigUInt64LE(segment + 8) + program.readBigUInt64LE(segment + 32)))
  }
  const stripped = Buffer.from(program.subarray(0, end))
  stripped.writeBigUInt64LE(0n, 40) // e_shoff
  stripped.writeUInt16LE(0, 60) // e_shnum
  stripped.writeUInt16LE(0, 62) // e_shstrndx
  return stripped
}

/** @returns the section's bytes, none when there is no such section */
export function section(file: Buffer, name: string): Buffer {
  checkElf(file)
  const [at, size, count, names] = [
    Number(file.readBigUInt64LE(40)),
    file.readUInt16LE(58),
    file.readUInt16LE(60),
    file.readUInt16LE(62),
  ]
  const bytesOf = (index: number): Buffer => {
    const header = at + index * size
    const offset = Number(file.readBigUInt64LE(header + 24))
    return file.subarray(offset, offset + Number(file.readBigUInt64LE(header + 32)))
  }
  const texts = bytesOf(names)
  for (let index = 0; index < count; index++) {
    const start = file.readUInt32LE(at + index * size)
    if (texts.toString('latin1', start, texts.indexOf(0, start)) === name) return bytesOf(index)
  }
  return Buffer.alloc(0)
}

function checkElf(file: Buffer): void {
  const is64BitLittleEndian = file.toString('latin1', 0, 4) === '\u{7f}ELF' && file[4] === 2 && file[5] === 1
  if (!is64BitLittleEndian) throw new Error('not an ELF file of 64 bits')
}
