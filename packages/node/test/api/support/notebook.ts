/** A small contract for tests of the API: notes in books, with every kind of field that reads. */
import { defineContract, field } from '@daybook/contracts';

const book = field.slug({ en: 'Book', zh: '簿' });
const number = field.integer({ en: 'Number', zh: '编号', min: 1, max: 1_000_000 });

export const notebook = defineContract({
  number: 900,
  name: 'notebook',
  version: 1,
  title: { en: 'Notebook', zh: '记事本' },
  help: { en: 'Notes in books <script>alert(1)</script>.', zh: '簿中的记事。' },
  records: {
    note: {
      number: 1,
      title: { en: 'Note', zh: '记事' },
      key: { book, number },
      partition: ['book'],
      fields: {
        text: field.text({ en: 'Text', zh: '内容', max: 5000, lines: true }),
        cost: field.money({ en: 'Cost', zh: '费用' }),
        due: field.date({ en: 'Due', zh: '期限' }),
        seal: field.optional(field.hash({ en: 'Seal', zh: '封签' })),
        status: field.choice({
          en: 'Status',
          zh: '状态',
          of: { open: { en: 'open', zh: '未结' }, closed: { en: 'closed', zh: '已结' } },
        }),
      },
      states: { field: 'status', initial: ['open'], transitions: { open: ['closed'], closed: [] } },
      deadlines: [{ field: 'due', open: ['open'] }],
    },
    counter: {
      number: 2,
      title: { en: 'Counter', zh: '计数' },
      key: {},
      fields: { count: field.integer({ en: 'Count', zh: '数' }) },
    },
  },
  failures: {
    NOTE_CLOSED: {
      code: 1,
      en: 'The note {number} is closed.',
      zh: '记事{number}已结。',
      remedy: { en: 'Write a new note.', zh: '请另写一条。' },
    },
  },
  events: {
    written: {
      title: { en: 'Note written', zh: '已写记事' },
      fields: { book, number, cost: field.money({ en: 'Cost', zh: '费用' }) },
    },
    closed: { title: { en: 'Note closed', zh: '记事已结' }, fields: { book, number } },
  },
  actions: {
    write: {
      title: { en: 'Write a note', zh: '写记事' },
      by: 'anyone',
      input: {
        book,
        number,
        text: field.text({ en: 'Text', zh: '内容', max: 5000, lines: true }),
        cost: field.money({ en: 'Cost', zh: '费用' }),
        due: field.date({ en: 'Due', zh: '期限' }),
        seal: field.optional(field.hash({ en: 'Seal', zh: '封签' })),
      },
      handler: (context, input) => {
        const count = context.records.counter.get({})?.count ?? 0;
        context.records.note.insert({ ...input, status: 'open' });
        context.records.counter.put({ count: count + 1 });
        const { book: name, number: at, cost } = input;
        context.emit('written', { book: name, number: at, cost });
      },
    },
    close: {
      title: { en: 'Close a note', zh: '结束记事' },
      by: 'anyone',
      input: { book, number },
      handler: (context, input) => {
        const note = context.records.note.need(input);
        if (note.status === 'closed') return context.refuse('NOTE_CLOSED', { number: note.number });
        context.records.note.put({ ...note, status: 'closed' });
        context.emit('closed', input);
        return undefined;
      },
    },
  },
  queries: {
    open: {
      title: { en: 'Open notes', zh: '未结记事' },
      record: 'note',
      where: { field: 'status', is: ['open'] },
    },
    late: {
      title: { en: 'Late notes of a book', zh: '簿中逾期记事' },
      record: 'note',
      by: ['book'],
      overdue: 'due',
    },
    ahead: {
      title: { en: 'Open notes in time', zh: '未逾期的未结记事' },
      record: 'note',
      where: { field: 'status', is: ['open'] },
      inTime: 'due',
    },
  },
});
