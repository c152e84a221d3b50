import { ADDRESS, H264 } from '../../device/stream-names.ts';
import type { Row } from './copy-list.ts';
import type { Status } from './status.ts';

/** A form of Home Assistant: the integration that asks for it, and what to fill in, in its order and with its labels. */
export interface Form {
  /** Home Assistant's name of the integration. */
  readonly integration: string;
  /** Its fields, with what goes into them. */
  readonly rows: readonly Row[];
}

/** Returns the forms by which Home Assistant gets this camera, the better one first; none while the addresses are not known. */
export function homeAssistantForms({ name, user, urls }: Pick<Status, 'name' | 'user' | 'urls'>): Form[] {
  const of = (id: string) => urls.find((each) => each.id === id)?.url;
  const stream = of(ADDRESS.stream);
  const snapshot = of(ADDRESS.snapshot);
  if (stream === undefined || snapshot === undefined || !URL.canParse(stream)) return [];
  const login: Row[] = user === undefined ? [] : [{ label: 'Username', value: user }];
  const mjpeg: Form = {
    integration: 'MJPEG IP Camera',
    rows: [{ label: 'Name', value: name }, { label: 'MJPEG URL', value: stream }, { label: 'Still image URL', value: snapshot }, ...login],
  };
  // Home Assistant's ONVIF integration takes no camera without H.264.
  if (of(ADDRESS.rtsp(H264)) === undefined) return [mjpeg];
  const { protocol, hostname, port } = new URL(stream);
  // Nor does it speak TLS: behind a proxy that does, the camera has another address for it, which is not known here.
  if (protocol === 'https:') return [mjpeg];
  const onvif: Form = {
    integration: 'ONVIF',
    rows: [{ label: 'Name', value: name }, { label: 'Host', value: hostname }, { label: 'Port', value: port || '80' }, ...login],
  };
  return [onvif, mjpeg];
}
