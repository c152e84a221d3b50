import type { SessionStore } from '../auth/sessions.ts';
import type { StateStore } from '../config/state.ts';

/** Who is logged in to the page, in the state. */
export const sessionStore = (state: StateStore): SessionStore => ({
  read: () => state.state.sessions ?? [],
  write: (sessions) => state.update({ sessions: [...sessions] }),
});
