import { CameraSupervisor } from '../../src/camera/supervisor.ts';
import { AppError } from '../../src/core/errors.ts';
import { silentLogger } from '../../src/core/log.ts';
import type { AccessUnit } from '../../src/frames/access-unit.ts';
import type { Frame } from '../../src/frames/frame.ts';
import type { CameraStatus } from '../../src/frames/stream-state.ts';
import { FakeClock } from './fake-clock.ts';
import { makePicture, PlayedSource } from './frames.ts';

/** A supervisor of a source that a test plays, and all that came of it. */
export class SupervisorRig {
  readonly clock = new FakeClock();
  readonly frames: Frame[] = [];
  readonly units: AccessUnit[] = [];
  readonly reports: CameraStatus[] = [];
  /** What the next capture is made of. */
  source = new PlayedSource();
  /** Whether somebody waits for pictures. */
  watched = false;
  supervisor = this.#supervisor(15, async () => this.source);

  /** Takes another supervisor. @param fps pictures per second to pass on at most */
  make(fps: number, resolve: () => Promise<PlayedSource> = async () => this.source): void {
    this.supervisor = this.#supervisor(fps, resolve);
  }

  state(): CameraStatus['state'] {
    return this.supervisor.report.state;
  }

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return this.clock.advanceAsync(0);
  }

  showPicture(): void {
    this.source.last.events.picture(makePicture());
  }

  /** Ends the running capture. */
  crash(): void {
    this.source.last.events.ended(new AppError('CAPTURE_ENDED', 'it died'));
  }

  #supervisor(fps: number, resolve: () => Promise<PlayedSource>): CameraSupervisor {
    return new CameraSupervisor({
      fps: () => fps,
      resolve,
      watched: () => this.watched,
      clock: this.clock,
      log: silentLogger,
      onFrame: (frame) => this.frames.push(frame),
      onUnit: (unit) => this.units.push(unit),
      onReport: (report) => this.reports.push(report),
      random: () => 0.5,
    });
  }
}
