/** How the process ends: with the first failure, also one that comes while it stops. */
import { StateError } from '@daybook/state';
import { expect } from 'chai';
import { EXIT_CODES } from '../src/exit-codes.ts';
import { SILENT_LOGGER } from '../src/log.ts';
import type { ProcessEnd } from '../src/process-end.ts';
import { createProcessEnd } from '../src/process-end.ts';

const DISK = new StateError({
  code: 'STATE_DISK_FAILED',
  path: '/data',
  operation: 'write',
  reason: 'EIO',
});
const DEFECT = new Error('a defect');

interface Ending {
  readonly end: ProcessEnd;
  /** Lets the stop finish, or fail. @returns the exit code */
  finish(error?: Error): Promise<number>;
  readonly errors: readonly string[];
  readonly stops: () => number;
}

function begin(): Ending {
  const closing = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<number>();
  const errors: string[] = [];
  let stops = 0;
  const end = createProcessEnd({
    logger: {
      ...SILENT_LOGGER,
      error: (message, data) => errors.push(`${message}: ${data?.reason}`),
    },
    stop: () => {
      stops += 1;
      return closing.promise;
    },
    ended: ended.resolve,
  });
  return {
    end,
    errors,
    stops: () => stops,
    finish: async (error) => {
      if (error === undefined) closing.resolve();
      else closing.reject(error);
      return await ended.promise;
    },
  };
}

describe('node: the end of the process', () => {
  it('given a stop on request, then it ends with 0, once', async () => {
    const { end, finish, stops, errors } = begin();
    end.request();
    end.request();

    expect(await finish()).to.equal(EXIT_CODES.done);
    expect(stops()).to.equal(1);
    expect(errors).to.deep.equal([]);
  });

  it('given a failure during a stop on request, then it is logged and gives the exit code', async () => {
    const { end, finish, errors } = begin();
    end.request();
    end.fail(DISK);

    expect(await finish()).to.equal(EXIT_CODES.storage);
    expect(errors).to.have.length(1);
    expect(errors[0]).to.match(/^failed while stopping: .*EIO/);
  });

  it('given a stop that fails itself, then it is logged and gives the exit code', async () => {
    const { end, finish, errors } = begin();
    end.request();

    expect(await finish(DISK)).to.equal(EXIT_CODES.storage);
    expect(errors).to.have.length(1);
    expect(errors[0]).to.match(/^stop failed: .*EIO/);
  });

  it('given two failures, then both are logged and the first one gives the exit code', async () => {
    const { end, finish, stops, errors } = begin();
    end.fail(DISK);
    expect(end.isNear()).to.equal(true);
    end.fail(DEFECT);

    expect(await finish()).to.equal(EXIT_CODES.storage);
    expect(stops()).to.equal(1);
    expect(errors.map((line) => line.split(':')[0])).to.deep.equal([
      'node must stop',
      'failed while stopping',
    ]);
  });
});
