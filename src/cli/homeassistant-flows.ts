import type { Login } from '../config/first-password.ts';
import { AppError, type ErrorCode } from '../core/errors.ts';
import { stripped } from '../core/terminal.ts';
import type { Flow, HomeAssistantApi } from './homeassistant-api.ts';
import type { RunningCamera } from './running-camera.ts';

/** Home Assistant's integrations that take this camera, by their names in its API. */
export const WAYS = ['mjpeg', 'onvif'] as const;
/** One of {@link WAYS}. */
export type Way = (typeof WAYS)[number];

/** The name of each integration in Home Assistant's page. */
export const TITLES: Readonly<Record<Way, string>> = { mjpeg: 'MJPEG IP Camera', onvif: 'ONVIF' };

/** A field of a form: its label in Home Assistant's page, its key in the API, and the value for it. */
export type Field = readonly [label: string, key: string, value: string | number | boolean];

/** Returns the fields of the form that describes the camera, in its order. Without a login, user and password are left out. */
export function fieldsOf(way: Way, camera: RunningCamera, login: Login | undefined): Field[] {
  const credentials: Field[] = login
    ? [
        ['Username', 'username', login.user],
        ['Password', 'password', login.password],
      ]
    : [];
  if (way === 'onvif') return [['Name', 'name', camera.name], ['Host', 'host', camera.host], ['Port', 'port', camera.port], ...credentials];
  return [
    ['Name', 'name', camera.name],
    ['MJPEG URL', 'mjpeg_url', camera.stream],
    ['Still image URL', 'still_image_url', camera.snapshot],
    ...credentials,
    // Asked for even where the camera speaks plain HTTP.
    ['Verify SSL certificate', 'verify_ssl', true],
  ];
}

/**
 * Adds the camera to Home Assistant by the forms that its page shows.
 * @returns the title of the new entry
 * @throws AppError ALREADY_CONFIGURED, CAMERA_PASSWORD, NO_H264, or one that begins with HOME_ASSISTANT
 */
export async function addCamera(api: HomeAssistantApi, way: Way, camera: RunningCamera, login: Login | undefined): Promise<string> {
  const form = Object.fromEntries(fieldsOf(way, camera, login).map(([, key, value]) => [key, value]));
  let flow = await api.begin(way);
  // ONVIF asks first whether to search: no, as the address is known.
  if (way === 'onvif' && flow.step_id === 'user') flow = await api.submit(flow, { auto: false });
  if (flow.type === 'form') flow = await api.submit(flow, form);
  if (flow.type === 'create_entry') return stripped(flow.title ?? camera.name);
  const error = refusal(flow, way);
  if (flow.type === 'form') await api.abandon(flow);
  throw error;
}

/** By Home Assistant's name for what went wrong: the error here, and its message. */
const MEANINGS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  already_configured: ['ALREADY_CONFIGURED', 'Home Assistant has this camera already'],
  invalid_auth: ['CAMERA_PASSWORD', 'The camera did not take the user and password from Home Assistant'],
  auth_failed: ['CAMERA_PASSWORD', 'The camera did not take the user and password from Home Assistant'],
  cannot_connect: ['HOME_ASSISTANT_CANNOT_CONNECT', 'Home Assistant cannot reach the camera'],
  no_onvif_service: ['HOME_ASSISTANT_CANNOT_CONNECT', 'Home Assistant cannot reach the camera'],
  onvif_error: ['HOME_ASSISTANT_CANNOT_CONNECT', 'Home Assistant cannot reach the camera'],
  no_h264: ['NO_H264', 'The camera has no H.264 stream, which this integration of Home Assistant needs'],
};

function refusal(flow: Flow, way: Way): AppError {
  const given = flow.reason ?? Object.values(flow.errors ?? {})[0];
  const reason = given === undefined ? undefined : stripped(given);
  if (reason === undefined)
    return new AppError(
      'HOME_ASSISTANT_REFUSED',
      `Home Assistant's form for ${TITLES[way]} is not one that is known here (${flow.type} ${flow.step_id ?? ''}).`,
      {
        hint: 'Add the camera in its own page; `onvif-camera homeassistant` shows what to fill in.',
      },
    );
  // This integration knows a camera by its MAC address, and takes over the address that it was given last.
  if (way === 'onvif' && reason === 'already_configured')
    return new AppError('ALREADY_CONFIGURED', `Home Assistant has this camera already, and has its present address now (${reason}).`);
  const [code, words] = MEANINGS[reason] ?? (['HOME_ASSISTANT_REFUSED', 'Home Assistant did not add the camera'] as const);
  const detail = flow.description_placeholders?.error;
  return new AppError(code, `${words} (${reason}${typeof detail === 'string' ? `: ${stripped(detail)}` : ''}).`);
}
