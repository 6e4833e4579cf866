/** Files on the ledger in parts: as they were, or told; names that lead out of a folder are none. */
import { assert, encodeCanonical, encodeUtf8, sha256 } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import type { SourceFile } from '../src/index.ts';
import { KEPT_FILES_BYTES_MAX, planKeptFiles, readKeptFiles } from '../src/index.ts';

const BASE = {
  publisher: 'works',
  title: 'Works',
  dataset: 'books',
  licence: 'CC0-1.0',
  currency: 'GBP',
  period: { start: '2020-01-01', end: '2020-12-31' },
};
const IATI = { ...BASE, format: 'iati' };
const FISCAL = { ...BASE, format: 'fiscal-package' };
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

interface Planned {
  readonly hash: Uint8Array;
  readonly parts: readonly Uint8Array[];
}

/** The one bundle of these files. */
function plan(format: 'iati' | 'fiscal', files: readonly SourceFile[]): Planned {
  const mapping = format === 'iati' ? IATI : FISCAL;
  const planned = planKeptFiles(format, files, { mapping, holder: 'keeper' });
  assert(planned.ok, 'the files can be kept');
  const [first] = planned.value;
  assert(first !== undefined, 'files have a part');
  const parts = planned.value.map(({ call: { args } }) => args.bytes);
  return {
    hash: first.key.files,
    parts: parts.filter((bytes) => bytes instanceof Uint8Array),
  };
}

const codeOf = (format: string, files: readonly SourceFile[]): string => {
  const planned = planKeptFiles(format, files, { mapping: IATI });
  return planned.ok ? '' : planned.reason.code;
};

describe('formats: files that are kept', () => {
  it('given any bytes, when cut into parts and read, then they are as they were', () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.integer({ min: 49_000, max: 150_000 }).map((size) => new Uint8Array(size).fill(size)),
    );
    fc.assert(
      fc.property(bytes, (content) => {
        const { hash, parts } = plan('iati', [{ name: 'a.xml', bytes: content }]);

        expect(parts.every(({ length }) => length > 0 && length <= 49_152)).to.equal(true);
        expect(readKeptFiles(parts, hash)).to.deep.equal({
          ok: true,
          value: { format: 'iati', files: [{ name: 'a.xml', bytes: content }] },
        });
      }),
      { numRuns: 30 },
    );
  });

  it('given the files of a package in any order, then their name is the same, and others stay away', () => {
    const json = encode('{"resources":[{"path":"data/a.csv"},{"path":["b.csv"]}]}');
    const files = [
      { name: 'datapackage.json', bytes: json },
      { name: 'data/a.csv', bytes: encode('n') },
      { name: 'b.csv', bytes: encode('m') },
      { name: 'archive.csv', bytes: encode('not named') },
    ];
    const { hash, parts } = plan('fiscal', files);
    const read = readKeptFiles(parts, hash);

    expect(plan('fiscal', files.toReversed()).hash).to.deep.equal(hash);
    expect(read.ok && read.value.files.map(({ name }) => name)).to.deep.equal([
      'b.csv',
      'data/a.csv',
      'datapackage.json',
    ]);
  });

  it('given lists of lines, then their cells are kept with the lines and no file is', () => {
    const files = [{ name: 'a.csv', bytes: encode('a') }];

    expect(planKeptFiles('spend', files, { mapping: {} })).to.deep.equal({ ok: true, value: [] });
  });

  it('given files that are too large, or named so that they lead elsewhere, then they are refused', () => {
    const large = { name: 'a.xml', bytes: new Uint8Array(KEPT_FILES_BYTES_MAX + 1) };

    expect(codeOf('iati', [large])).to.equal('FORMATS_FILE_TOO_LARGE');
    for (const name of ['../a.xml', '/a.xml', 'a/../b', 'a//b', '.', 'a/', 'a\\b', 'a\n', '']) {
      expect(codeOf('iati', [{ name, bytes: encode('') }]), name).to.equal(
        'FORMATS_PACKAGE_UNKNOWN',
      );
    }
    for (const name of [
      'a b.xml',
      '10-RELEASE_10_2017-03-06T21:30:25.373Z.json',
      '..a',
      'data/\u6c34-2024.csv',
      'a..b/c',
    ]) {
      expect(codeOf('iati', [{ name, bytes: encode('') }]), name).to.equal('');
    }
  });

  it('given parts of another hand, when read, then they are told and never thrown', () => {
    const name = encodeUtf8('a.xml');
    const content = new Uint8Array(3);
    const wrong = [
      encodeCanonical([]),
      encodeCanonical(['iati']),
      encodeCanonical(['csv', [[name, content]]]),
      encodeCanonical([
        'iati',
        [
          [name, content],
          [name, content],
        ],
      ]),
      encodeCanonical(['iati', [[encodeUtf8('../../etc/passwd'), content]]]),
      encodeCanonical(['iati', [['a.xml', content]]]),
      encodeCanonical(['iati', [[Uint8Array.of(0xff), content]]]),
      Uint8Array.of(0x9f),
      new Uint8Array(),
    ];
    for (const [index, bytes] of wrong.entries()) {
      const read = readKeptFiles([bytes], sha256(bytes));
      expect(read.ok ? '' : read.reason.code, `${index}`).to.equal('FORMATS_DETAILS_INVALID');
    }

    const { hash, parts } = plan('iati', [{ name: 'a.xml', bytes: new Uint8Array(60_000) }]);
    for (const given of [parts.slice(1), parts.toReversed(), [...parts, ...parts], []]) {
      expect(readKeptFiles(given, hash)).to.have.property('ok', false);
    }
  });
});
