import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { expect } from 'chai';
import { API_LIMITS } from '../../src/api/limits.ts';
import { TEXT_TYPE } from '../../src/api/media-type.ts';
import type { UnreadAnswers } from '../../src/api/unread-answers.ts';
import { createUnreadAnswers } from '../../src/api/unread-answers.ts';
import { writeReply } from '../../src/api/write-reply.ts';

class Answer extends EventEmitter {
  isCut = false;

  destroy(): this {
    this.isCut = true;
    // As a response does: afterwards.
    setImmediate(() => this.emit('close'));
    return this;
  }
}

function addAnswer(unread: UnreadAnswers, bytes: number): Answer {
  const answer = new Answer();
  unread.add(answer as never, bytes);
  return answer;
}

describe('api: answers that nobody reads', () => {
  it('given more of them than the bound, then the oldest are cut off, and memory is bounded', () => {
    const unread = createUnreadAnswers(100);
    const answers = Array.from({ length: 50 }, () => addAnswer(unread, 30));

    expect(unread.held()).to.equal(90);
    expect(answers.map(({ isCut }) => isCut).lastIndexOf(true)).to.equal(46);
  });

  it('given answers that are taken, then none is cut off and nothing stays counted', async () => {
    const unread = createUnreadAnswers(100);
    const answers = Array.from({ length: 50 }, () => {
      const answer = addAnswer(unread, 60);
      answer.emit('close');
      return answer;
    });
    await new Promise((resolve) => setImmediate(resolve));

    expect(answers.some(({ isCut }) => isCut)).to.equal(false);
    expect(unread.held()).to.equal(0);
  });

  it('given a client that does not read, then its answer counts until it leaves', async () => {
    const unread = createUnreadAnswers(API_LIMITS.unreadBytesMax);
    const bytes = new Uint8Array(API_LIMITS.unreadBytesMax / 2);
    const freshness = { kind: 'never' } as const;
    const reply = { kind: 'bytes', status: 200, mediaType: TEXT_TYPE, bytes, freshness } as const;
    const { signal } = new AbortController();
    const context = { accept: TEXT_TYPE, ifNoneMatch: undefined, isHead: false, isOpen: true };
    const server = createServer((_, response) => {
      writeReply(response, reply, { ...context, signal, unread }, new Map()).catch(() =>
        response.destroy(),
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const asked = once(server, 'request');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const [, response] = await asked;
    const held = unread.held();
    socket.destroy();
    await once(response, 'close');
    server.close();

    expect([held, unread.held()]).to.deep.equal([bytes.length, 0]);
  });
});
