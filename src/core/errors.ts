/** Exit codes of the command, on which scripts and service managers rely. */
export const EXIT = { ok: 0, failure: 1, usage: 2, portTaken: 3, noCamera: 4, notRunning: 5 } as const;

interface ErrorEntry {
  /** What the user can do next. */
  readonly hint: string;
  /** Exit code where the error ends the program. */
  readonly exit: number;
  /** Whether waiting does not help: somebody has to change something first. */
  readonly permanent: boolean;
}

const entry = (hint: string, exit: number = EXIT.failure, permanent = false): ErrorEntry => ({ hint, exit, permanent });

/** Every error that a user can meet, with the next step. Messages say what happened; hints say what to do. */
export const ERRORS = {
  USAGE: entry('Run `onvif-camera --help` for the options.', EXIT.usage, true),
  CONFIG_INVALID: entry('Correct the setting and start again; onvif-camera.example.yaml explains every key.', EXIT.usage, true),
  CONFIG_UNREADABLE: entry('Check the path and the permissions of the file.', EXIT.usage, true),
  DATA_DIR: entry('Give a directory that this user can write with --data-dir.', EXIT.failure, true),
  DISK_FULL: entry('Make room: `df -h` and `df -i` show which disk is full. Nothing was changed; try again then.', EXIT.failure, true),
  DISK_READ_ONLY: entry(
    'Mount it for writing. An SD card that begins to fail is turned read-only by the system: `dmesg` tells, and it should be replaced.',
    EXIT.failure,
    true,
  ),
  TOO_MANY_FILES: entry(
    'Raise the limit of open files (`ulimit -n`, in a systemd unit LimitNOFILE=) and start again; or try again when fewer are connected.',
  ),
  STATE_TOO_NEW: entry('Update onvif-camera, or give this version a directory of its own with --data-dir.', EXIT.failure, true),
  USER_FIXED: entry('Change it there and start again, or start without the variable.', EXIT.failure, true),
  USER_UNKNOWN: entry('`onvif-camera user list` shows the users that there are.', EXIT.failure, true),
  USER_EXISTS: entry(
    '`onvif-camera user password NAME` sets his password, `onvif-camera user level NAME LEVEL` his level.',
    EXIT.failure,
    true,
  ),
  LAST_ADMINISTRATOR: entry('Make somebody else an Administrator first: `onvif-camera user level NAME administrator`.', EXIT.failure, true),
  TOO_MANY_USERS: entry('Remove one first: `onvif-camera user remove NAME`.', EXIT.failure, true),
  PASSWORD_WEAK: entry('Take a longer one, have one made with --generate, or insist with --weak.', EXIT.failure, true),
  NO_STATE: entry(
    'Start the camera once, which makes it; or name the directory of the one that is meant with --data-dir.',
    EXIT.failure,
    true,
  ),
  ALREADY_RUNNING: entry('Stop the other one, or give this one its own --data-dir and ports.', EXIT.failure, true),
  PORT_TAKEN: entry('Stop the program that uses it, or choose another port (0 picks a free one).', EXIT.portTaken, true),
  PORT_FIXED: entry('Change it where it was set: flag, environment variable or settings file.', EXIT.failure, true),
  BIND_FAILED: entry(
    'Check --bind: 0.0.0.0 is every IPv4 address of this machine, :: needs IPv6, and a link-local address its interface (fe80::1%eth0).',
    EXIT.failure,
    true,
  ),
  PAGE_MISSING: entry('Install it again, or build it again with `npm run build`.', EXIT.failure, true),
  NO_CAMERA: entry('Check the ribbon cable at both ends; `rpicam-hello --list-cameras` should show the camera.', EXIT.noCamera, true),
  TEST_PATTERN: entry(
    'Connect a camera, or choose a source with --source. A camera that comes is used within ten seconds, without a restart.',
  ),
  NO_SUCH_DEVICE: entry('`ls /dev/video*` shows what is there; is the webcam plugged in?', EXIT.noCamera, true),
  NO_PICTURES: entry('Put .jpg files into the folder, or give another one with images:DIR.', EXIT.noCamera, true),
  BAD_PICTURE: entry('Replace or remove the file; it is skipped.'),
  PROGRAM_MISSING: entry('Install it with apt, or give its place with --rpicam-path.', EXIT.noCamera, true),
  CAMERA_BUSY: entry('Find it with `fuser -v /dev/video*` and stop it; this program keeps trying.'),
  CAMERA_PERMISSION: entry('Add the user to the group: `sudo usermod -aG video $USER`, then log in again.', EXIT.failure, true),
  CAMERA_MEMORY: entry(
    'Set a smaller picture (camera.width, camera.height), or give the camera more: `dtoverlay=vc4-kms-v3d,cma-256` in /boot/firmware/config.txt, then reboot.',
  ),
  LEGACY_STACK: entry('Turn the legacy camera off (`sudo raspi-config`, Interface Options) and reboot.', EXIT.failure, true),
  PLATFORM_UNSUPPORTED: entry('Use --source v4l2:/dev/video0, images:DIR or test.', EXIT.failure, true),
  OPTION_UNKNOWN: entry('Update rpicam-apps (`sudo apt full-upgrade`) or take the setting out.', EXIT.failure, true),
  OPTION_INVALID: entry('Correct the setting; `rpicam-vid --help` lists what this version takes.', EXIT.failure, true),
  SENSOR_LOST: entry('Check the ribbon cable and its connectors; try another cable.'),
  NO_FRAMES: entry('Check the cable; `rpicam-hello -t 5000` should show a picture.'),
  CAPTURE_ENDED: entry('It is started again by itself; the log has what it said.'),
  ANNOTATE_MISSING: entry('Install the overlay: `sudo apt install rpicam-apps-opencv-postprocess` (Trixie) or `rpicam-apps` (Bookworm).'),
  MOTION_OFF: entry('Turn it on with `motion.enabled: true` (--motion on); it keeps the camera on then. docs/motion.md says more.'),
  MOTION_UNSEEN: entry('Install it with `sudo apt install ffmpeg`, or set `camera.encoding: mjpeg`.'),
  ANNOTATE_ASCII: entry('Write camera.annotate with letters that have no accents; codes such as %F and %T are not concerned.'),
  SETTING_WITHOUT_EFFECT: entry('Take the setting out; the picture is the same without it.'),
  SETTING_UNSUPPORTED: entry('Take the setting out, or choose a source that can do it; docs/settings.md has the table.', EXIT.usage, true),
  ENCODER_MISSING: entry(
    'All else works without it: a camera (--source rpicam or v4l2) or pictures (--source images:DIR). Or install onvif-camera once more, for this machine.',
    EXIT.failure,
    true,
  ),
  H264_UNAVAILABLE: entry(
    'Install ffmpeg for H.264, `sudo apt install ffmpeg`, and start again. MJPEG works without it.',
    EXIT.failure,
    true,
  ),
  CAMERA_H264: entry(
    'It is tried again at the next start of the program; `onvif-camera doctor` may show what is missing. Or set camera.encoding: mjpeg.',
  ),
  CLOCK_SET_BACK: entry('Nothing is to be done: the next pictures come in a second or two.'),
  ENCODER_ENDED: entry('It is started again by itself; the log has what it said.'),
  NOT_MANAGED: entry(
    'Only the owner of this machine can allow it: set `system.manage: true` in the configuration and start again.',
    EXIT.failure,
    true,
  ),
  SYSTEM_FAILED: entry("The tool's own words are above. Is it installed, and may this user do it (root, or a polkit rule)?"),
  SERVICE_FAILED: entry(
    'The words above are those of the system. `systemctl status onvif-camera` and `journalctl -u onvif-camera` tell more.',
  ),
  SNAPSHOT_FAILED: entry('Look at the reason above; `onvif-camera snapshot --source test out.jpg` shows whether the rest works.'),
  NOT_RUNNING: entry('Start the camera first (`onvif-camera`); it must use the same --data-dir.', EXIT.notRunning),
  SERVER_REFUSED: entry("The camera's log may say more."),
  CAMERA_PASSWORD: entry('Give it with --password-file FILE or in ONVIF_CAMERA_PASSWORD.'),
  HOME_ASSISTANT_UNREACHABLE: entry(
    'Check --url: it is what your browser shows for Home Assistant, such as http://homeassistant.local:8123.',
  ),
  HOME_ASSISTANT_TOKEN: entry('Make one in Home Assistant: your name at the bottom left, Security, Long-lived access tokens.'),
  HOME_ASSISTANT_REFUSED: entry("Home Assistant's log (Settings, System, Logs) has the details."),
  HOME_ASSISTANT_CANNOT_CONNECT: entry(
    'Open the addresses above on the machine of Home Assistant; is there a firewall or another network between?',
  ),
  ALREADY_CONFIGURED: entry('It is in Home Assistant under Settings, Devices & services. Delete it there to add it anew.'),
  CAMERA_EVENTS: entry('Check the address; is ONVIF switched on in that camera, and does it have events?'),
  NO_H264: entry('Add it with --as mjpeg.', EXIT.failure, true),
} as const satisfies Record<string, ErrorEntry>;

/** Names of the errors, as they stand in the log and the API. */
export type ErrorCode = keyof typeof ERRORS;

/** An error made for the user: what happened (message), what to do next (hint), and how a program can tell it (code). */
export class AppError extends Error {
  override readonly name = 'AppError';
  /** What the user can do next. */
  readonly hint: string;
  /** Exit code where the error ends the program; see {@link EXIT}. */
  readonly exitCode: number;
  /** Whether waiting does not help: somebody has to change something first. */
  readonly permanent: boolean;

  /** @param options.hint instead of the usual one of the code */
  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { hint?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const known = ERRORS[code];
    this.hint = options.hint ?? known.hint;
    this.exitCode = known.exit;
    this.permanent = known.permanent;
  }
}

/** Errors of the operating system that mean the same whatever was being done. */
const SYSTEM_ERRORS: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EROFS: 'DISK_READ_ONLY',
  EMFILE: 'TOO_MANY_FILES',
  ENFILE: 'TOO_MANY_FILES',
};

/** Returns the code for an error of the operating system; undefined where it depends on what was being done. */
export const systemErrorCode = (error: unknown): ErrorCode | undefined => SYSTEM_ERRORS[String((error as { code?: unknown } | null)?.code)];

/** Returns the message of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
