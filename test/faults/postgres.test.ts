import { execFileSync } from 'node:child_process';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { openProjectStore } from '../../engine/project-store.ts';
import { startHoldingServer } from './holding-server.ts';
import { cli, folderWith, removeFolders } from './project.ts';

/** A server that may be killed, and how: scripts/with-postgres.sh sets all three. */
const { DAGRUN_TEST_POSTGRES, DAGRUN_TEST_POSTGRES_STOP, DAGRUN_TEST_POSTGRES_START } = process.env;
const HAS_SERVER = Boolean(DAGRUN_TEST_POSTGRES && DAGRUN_TEST_POSTGRES_STOP && DAGRUN_TEST_POSTGRES_START);

const WORKFLOW = `dagrun: 1
name: six
tiers: { cheap: [openai/gpt-6-luna] }
limits: { concurrency: 2 }
nodes:
  ask:
    tier: cheap
    foreach: '[1, 2, 3, 4, 5, 6]'
    prompt: "{{item}}"
outputs: { answers: nodes.ask.output }
`;

afterAll(removeFolders);

const sh = (command: string | undefined): void => void execFileSync('bash', ['-c', command ?? 'false'], { stdio: 'ignore' });

test.skipIf(!HAS_SERVER)(
  'a database server that is killed ends the run where it is, and once it is back nothing that was kept is asked again',
  async () => {
    const schema = `dagrun_fault_${process.pid}`;
    const admin = new pg.Client({ connectionString: DAGRUN_TEST_POSTGRES });
    await admin.connect();
    await admin.query(`create schema ${schema}`);
    await admin.end();
    const url = new URL(DAGRUN_TEST_POSTGRES ?? '');
    url.searchParams.set('options', `-c search_path=${schema}`);

    const folder = folderWith({ 'dagrun.config.yml': '', 'six.workflow.yml': WORKFLOW });
    const server = await startHoldingServer();
    try {
      const env = { ...server.env, DAGRUN_STORE: url.href };
      const running = cli(folder, ['run', 'six.workflow.yml'], env);
      await server.arrived(2);
      server.answer();
      // The first two are kept: the next two were asked for after that.
      await server.arrived(4);
      sh(DAGRUN_TEST_POSTGRES_STOP);
      server.answer();
      const first = await running;
      expect([first.code, first.stdout]).toEqual([1, '']);
      expect(first.stderr).toContain('cannot be reached');
      expect(first.stderr).toContain('dagrun resume run_');

      const away = await cli(folder, ['resume', 'last'], env);
      expect([away.code, away.stderr]).toEqual([3, expect.stringContaining('cannot be reached')]);

      sh(DAGRUN_TEST_POSTGRES_START);
      server.answer(true);
      const second = await cli(folder, ['resume', 'last', '--json'], env);
      expect([second.code, JSON.parse(second.stdout)]).toMatchObject([
        0,
        { status: 'succeeded', outputs: { answers: Array(6).fill('Done.') } },
      ]);
      // Two were kept, two in flight were asked again, two had not begun.
      expect(server.asked).toBe(4 + 4);

      const store = await openProjectStore({ cwd: folder, env });
      const [record] = await store.runs.list({ limit: 1 });
      expect(record).toMatchObject({ status: 'succeeded', owner: null });
      await store.close();
    } finally {
      server.close();
    }
  },
  60_000,
);
