import { expect, test } from 'vitest';
import type { Io } from '../../cli/io.ts';
import { startLiveView } from '../../cli/live-view.ts';
import { createPaint } from '../../cli/paint.ts';
import { screenOf } from '../support/screen.ts';
import { fakeIo } from './fake-io.ts';
import { e, planOf, START, storyOf } from './story.ts';

test('frames follow each other in place, as lines come and go, and the last one stays', () => {
  const terminal = fakeIo({ cwd: '/', terminal: 60 });
  let now = START;
  const io: Io = { ...terminal, now: () => now };
  const story = storyOf(planOf('a:cheap', 'b:capable'));
  story.at(0, e.started(), e.start('a'));
  const live = startLiveView(story.view, io, createPaint(true));
  const frame = (): string => {
    terminal.tick();
    terminal.tick();
    return screenOf(terminal.written.stderr);
  };

  now = START + 500;
  expect(frame()).toBe('code-review  0/2 nodes · 500ms\n├─ ⠸ a  cheap    500ms\n└─ · b  capable\n');
  story.at(900, e.cancel());
  live.changed();
  now = START + 1000;
  expect(frame()).toBe(
    'code-review  0/2 nodes · 1.0s\n├─ ⠦ a  cheap     1.0s\n└─ · b  capable\nstopping: waiting for 1 call in flight; Ctrl-C again gives…\n',
  );
  story.at(
    2000,
    e.call('a', 'cheap', 900, 100, 1_000_000),
    e.good('a'),
    e.done('a'),
    e.stop('b', 'the run was stopped'),
    e.finished('cancelled'),
  );
  live.stop();
  live.stop();
  expect(screenOf(terminal.written.stderr)).toBe('code-review  2.0s\n├─ ✓ a  cheap  $0.00100  2.0s\n└─ · b  not run\n');
  expect(terminal.written.stderr.endsWith('\u001B[?25h')).toBe(true);
  expect(terminal.written.stdout).toBe('');
});

test('without news it draws less often', () => {
  const terminal = fakeIo({ cwd: '/', terminal: 60 });
  const io: Io = { ...terminal, now: () => START };
  const live = startLiveView(storyOf(planOf('a:cheap')).at(0, e.started()).view, io, createPaint(false));
  const frames = (): number => terminal.written.stderr.split('\u001B[?2026h').length - 1;
  for (let tick = 0; tick < 8; tick++) terminal.tick();
  expect(frames()).toBe(4);
  for (let tick = 0; tick < 8; tick++) {
    live.changed();
    terminal.tick();
  }
  expect(frames()).toBe(12);
});
