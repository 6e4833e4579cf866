import { expect } from 'chai';
import { createLogger, SILENT_LOGGER } from '../../src/log.ts';

function collect(options: { format: 'auto' | 'json' | 'text'; isTTY?: boolean }) {
  const lines: string[] = [];
  const sink = {
    write: (line: string) => lines.push(line),
    ...(options.isTTY !== undefined && { isTTY: options.isTTY }),
  };
  const logger = createLogger({ level: 'info', format: options.format }, sink);
  return { logger, lines };
}

describe('log: lines for operators', () => {
  it('given facts, then one JSON object per line with level, time, module and message', () => {
    const { logger, lines } = collect({ format: 'auto' });

    logger.child('network').warn('peer refused', { peer: 'p', count: 2, known: true });

    expect(lines).to.have.length(1);
    const line = JSON.parse(lines[0] ?? '');
    expect(line).to.deep.include({ level: 'warn', module: 'network', message: 'peer refused' });
    expect(line).to.deep.include({ peer: 'p', count: 2, known: true });
    expect(line.time).to.match(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it('given a terminal, then text; given a level below, then nothing', () => {
    const { logger, lines } = collect({ format: 'auto', isTTY: true });

    logger.debug('not shown');
    logger.info('node ready', { height: 4 });

    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^\d\d:\d\d:\d\d\.\d{3} {2}info {3}node ready {2}height=4\n$/);
  });

  it('given secrets and foreign text, then neither gets through as it is', () => {
    const { logger, lines } = collect({ format: 'json' });

    logger.info('request', {
      passphrase: 'open sesame',
      secretKey: 'ab',
      path: `a\u001b[31m\u202eb\n${'x'.repeat(5000)}`,
      absent: undefined,
    });

    const line = JSON.parse(lines[0] ?? '');
    expect(line.passphrase).to.equal('[removed]');
    expect(line.secretKey).to.equal('[removed]');
    expect(line.path).to.have.length.below(2100);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there.
    expect(line.path).not.to.match(/[\u0000-\u001f\u202e]/);
    expect(line).not.to.have.property('absent');
  });

  it('given the silent logger, then nothing happens', () => {
    SILENT_LOGGER.child('x').error('nothing');
  });
});
