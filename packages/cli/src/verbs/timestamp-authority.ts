/** `daybook timestamp-authority`: RFC 3161 over HTTP for existing signing software. */
import { once } from 'node:events';
import { connect, NODE_OPTIONS } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import { readText } from '../files.ts';
import type { Input } from '../frame/input.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { createAuthorFinder } from '../imports/authors.ts';
import { openSigners, SIGNER_OPTIONS } from '../officers.ts';
import { jsonLine } from '../print.ts';

const DEFAULT_ADDRESS = '127.0.0.1:7790';
const PORT_MAX = 65_535;

async function serve(input: Input, world: World): Promise<Exit> {
  const { createAuthority } = await import('../timestamps/authority.ts');
  const { serveTimeStamps } = await import('../timestamps/server.ts');
  const { openTspSigner } = await import('../timestamps/signer.ts');
  const address = addressOf(input.text('listen'));
  const policy = policyOf(input.text('policy'));
  const passphraseFile = input.optionalText('key-passphrase-file');
  const passphrase = passphraseFile && (await readText(passphraseFile)).replace(/\r?\n$/, '');
  const files = { key: input.text('key'), certificate: input.text('certificate'), passphrase };
  const signer = await openTspSigner(files, world.nowMs());
  const client = await connect(input);
  const authorFor = await createAuthorFinder(await openSigners(input, world), client);
  const organisation = input.text('authority');
  const author = authorFor({ organisation, role: 'timestamps.authority' });
  const authority = await createAuthority(client, { organisation, policy, author });
  const server = await serveTimeStamps(address, { authority, signer, policy });
  try {
    const url = `http://${address.host}:${server.port}/`;
    const text = `time-stamp authority of ${organisation}, policy ${policy}, at ${url}\n`;
    world.out.write(input.flag('json') ? jsonLine({ url, organisation, policy }) : text);
    if (!world.signal.aborted) await once(world.signal, 'abort');
    return 'done';
  } finally {
    await server.stop();
  }
}

/** `HOST:PORT`; port 0 takes any that is free. @throws CliError CLI_OPTION_INVALID */
function addressOf(text: string): { readonly host: string; readonly port: number } {
  const cut = text.lastIndexOf(':');
  const [host, port] = [text.slice(0, cut), Number(text.slice(cut + 1))];
  const isPort = /^\d+$/.test(text.slice(cut + 1)) && port <= PORT_MAX;
  if (cut > 0 && isPort) return { host, port };
  const expected = 'HOST:PORT';
  throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--listen', expected });
}

/** @throws CliError CLI_OPTION_INVALID */
function policyOf(text: string): string {
  if (/^[0-2](?:\.(?:0|[1-9]\d{0,17})){2,20}$/.test(text)) return text;
  const expected = 'an object identifier such as 1.3.6.1.4.1.99999.1';
  throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--policy', expected });
}

export const TIMESTAMP_AUTHORITY_VERB: Verb = {
  words: ['timestamp-authority'],
  title: 'Answer RFC 3161 time-stamp requests over HTTP, until Ctrl-C.',
  help:
    'Each token is first registered on the ledger (timestamps issue): its number and its time are ' +
    'those of the chain, and the numbers have no gaps. The certificate must be for time-stamping ' +
    'alone. Existing software takes the address as its authority; see docs/timestamps.md.',
  operands: [],
  options: {
    authority: { value: 'SLUG', help: 'Organisation whose tokens they are.', required: true },
    policy: { value: 'OID', help: 'Policy of the tokens, a dotted identifier.', required: true },
    key: { value: 'FILE', help: 'Private key of the certificate, RSA or EC, PEM.', required: true },
    'key-passphrase-file': { value: 'FILE', help: 'File with the passphrase of that key.' },
    certificate: {
      value: 'FILE',
      help: 'Certificate of the key, then those above it, PEM.',
      required: true,
    },
    listen: { value: 'HOST:PORT', help: 'Where to listen.', default: DEFAULT_ADDRESS },
    ...SIGNER_OPTIONS,
    ...NODE_OPTIONS,
  },
  examples: [
    'timestamp-authority --authority archive --policy 1.3.6.1.4.1.99999.1 --key tsa.key ' +
      '--certificate tsa.pem --signer archive/robot=robot.json',
  ],
  runsUntilTold: true,
  run: serve,
};
