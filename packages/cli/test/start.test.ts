/** What every start of the program pays for: nothing that only some verbs need is loaded. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

/** Tells each module that is loaded with the program. */
const PROBE = `
import { registerHooks } from 'node:module';
const urls = new Set();
registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context);
    urls.add(found.url);
    return found;
  },
});
await import('@daybook/cli');
process.stdout.write(JSON.stringify([...urls]));
`;

describe('cli: start', () => {
  it('given no verb yet, then neither formats nor databases nor the test kit are loaded', async () => {
    const command = ['--conditions=source', '--input-type=module', '--eval', PROBE];
    const { stdout } = await promisify(execFile)(process.execPath, command, {
      cwd: import.meta.dirname,
      maxBuffer: 16 * 1024 * 1024,
    });
    const urls: readonly string[] = JSON.parse(stdout);

    expect(urls.some((url) => url.includes('/packages/client/'))).to.equal(true);
    const heavy = urls.filter((url) =>
      /\/packages\/(?:formats|state|testkit|node)\/|\/node_modules\/(?:ajv|classic-level)\//.test(
        url,
      ),
    );
    expect(heavy).to.deep.equal([]);
  });
});
