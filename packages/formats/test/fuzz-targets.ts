/** What test/fuzz.test.ts throws damaged bytes at: files of publishers and requests of strangers. */
import { encodeCanonical, encodeUtf8, sha256 } from '@daybook/core';
import {
  explainFault,
  explainFinding,
  mergeKeptFiles,
  mergeOcdsFrame,
  readExactJson,
  readIatiFile,
  readKeptFiles,
  readOcdsFile,
  readSpendFile,
  readTimeStampRequest,
  writeExactJson,
} from '../src/index.ts';
import { integer, octets, oid, sequence } from '../src/tsp/der.ts';
import { bytesOf, validate } from './ocds-files.ts';
import { readSample } from './sample.ts';

const HEAD_BYTES = 6000;
const IATI = `<?xml version="1.0"?>
<iati-activities version="2.03"><iati-activity default-currency="GBP">
<iati-identifier>GB-1-2</iati-identifier><reporting-org ref="GB-1" type="10"><narrative>R</narrative>
</reporting-org><title><narrative xml:lang="fr">T &amp; é</narrative></title>
<activity-status code="2"/><activity-date type="1" iso-date="2020-01-01"/>
<transaction><transaction-type code="3"/><transaction-date iso-date="2020-02-03"/>
<value value-date="2020-02-03">1,234.50</value></transaction>
</iati-activity></iati-activities>`;
const JSON_TEXT = '{"a": [1, -2.50, 1e3, "\\u00e9", null, true], "b": {"c": {}}}';
const REQUEST = sequence(
  integer(1n),
  sequence(sequence(oid('2.16.840.1.101.3.4.2.1')), octets(sha256(new Uint8Array()))),
  oid('1.3.6.1.4.1.99999.1'),
  integer(77n),
);

const { mapping, files } = readSample('epsrc');
/** Whole lines of the beginning of each. */
const tables = files.map(({ bytes }) => {
  return Uint8Array.from(bytes.subarray(0, bytes.lastIndexOf(10, HEAD_BYTES) + 1));
});

export const SPENDING_TABLE = {
  name: 'spending table',
  samples: tables,
  again: (bytes: Uint8Array) => readSpendFile({ name: 'a.csv', bytes }, mapping),
};

export const IATI_FILE = {
  name: 'IATI file',
  samples: [encodeUtf8(IATI)],
  again: (bytes: Uint8Array) => {
    const read = readIatiFile({ name: 'a.xml', bytes });
    if (!read.ok) return read;
    const found = [...read.value.findings, ...read.value.activities.flatMap((a) => a.findings)];
    return found.length === 0 ? true : { ok: false, reason: found.map(explainFinding) };
  },
};

const SERIES = { publisher: 'a', dataset: 'b', lineOf: () => undefined };
const bundleOf = (format: string, name: string, text: string): Uint8Array =>
  encodeCanonical([format, [[encodeUtf8(name), encodeUtf8(text)]]]);

/** Files that are kept; whoever writes them knows their hash, too. */
export const KEPT_FILES = {
  name: 'kept files',
  samples: [
    bundleOf('iati', 'a.xml', IATI),
    bundleOf('fiscal-package', 'datapackage.json', '{"resources":[{"path":"a.csv"}]}'),
    bundleOf('ocds', 'a.json', '{"uri":"a","records":[{"ocid":"b","releases":["c"]}]}'),
  ],
  again: (bytes: Uint8Array) => {
    const read = readKeptFiles([bytes], sha256(bytes));
    if (!read.ok) return { ok: false, reason: explainFault(read.reason) } as const;
    mergeKeptFiles(read.value, SERIES);
    mergeOcdsFrame(read.value, () => ({ ocid: 'b' }));
    return true;
  },
};

export const TIME_STAMP_REQUEST = {
  name: 'time-stamp request',
  samples: [REQUEST],
  again: (bytes: Uint8Array) => readTimeStampRequest(bytes),
};

export const JSON_FILES = [
  {
    name: 'OCDS file',
    samples: [Uint8Array.from(bytesOf('fictional-record.json'))],
    again: (bytes: Uint8Array) => readOcdsFile({ name: 'a.json', bytes }, validate),
  },
  {
    name: 'exact JSON',
    samples: [encodeUtf8(JSON_TEXT)],
    // What was read and written is read as the same.
    again: (bytes: Uint8Array) => {
      const read = readExactJson({ name: 'a.json', bytes });
      if (!read.ok) return read;
      const text = writeExactJson(read.value.json);
      const second = readExactJson({ name: 'a.json', bytes: encodeUtf8(text) });
      return second.ok && writeExactJson(second.value.json) === text ? true : encodeUtf8(text);
    },
  },
];
