import { type AnnotateOffers, type ImageSettings, type ImagingController, MAX_ANNOTATE_LENGTH } from '../../device/imaging.ts';
import { SOURCE_CONFIGURATION } from '../../device/profiles.ts';
import { invalidArgument, SoapFault } from '../../protocols/soap/fault.ts';
import { boolean, child, optionalToken, required, text, token } from '../args.ts';
import { attempt } from '../refusal.ts';
import type { Operation, SoapObject } from '../service.ts';
import { type MediaModel, UNPRINTABLE } from './model.ts';
import { annotateOf, DATE_FORMATS, OSD_TEXT_TYPES, type OsdText, osdTextOf, TIME_FORMATS } from './osd-formats.ts';

type Imaging = Pick<ImagingController, 'settings' | 'annotate' | 'change'>;
type Position = ImageSettings['annotatePosition'];

/** Token of the one text, which is the setting `camera.annotate`. */
const OSD = 'osd_text';

/** ONVIF's names of the corners. */
const CORNERS: Readonly<Record<Position, string>> = {
  'upper-left': 'UpperLeft',
  'upper-right': 'UpperRight',
  'lower-left': 'LowerLeft',
  'lower-right': 'LowerRight',
};

/** Operations on the text in the picture (OSD): one line, where the source can draw it. */
export const osdOperations = (model: MediaModel, imaging: Imaging): readonly Operation[] => [
  {
    name: 'GetOSDs',
    access: 'READ_MEDIA',
    handle: (request) => {
      const configuration = optionalToken(request, 'ConfigurationToken');
      if (configuration !== undefined) model.checkSourceConfiguration(configuration);
      return { OSDs: hasText(imaging) ? [describeOsd(imaging)] : [] };
    },
  },
  {
    name: 'GetOSD',
    access: 'READ_MEDIA',
    handle: (request) => {
      checkToken(token(request, 'OSDToken'), imaging);
      return { OSD: describeOsd(imaging) };
    },
  },
  {
    name: 'GetOSDOptions',
    access: 'READ_MEDIA',
    handle: (request) => {
      model.checkSourceConfiguration(token(request, 'ConfigurationToken'));
      return { OSDOptions: describeOptions(offersOf(imaging)) };
    },
  },
  {
    name: 'SetOSD',
    access: 'ACTUATE',
    handle: (request) => {
      const osd = child(request, 'OSD');
      checkToken(token(child(osd, 'attributes'), 'token'), imaging);
      write(model, imaging, osd);
      return {};
    },
  },
  {
    name: 'CreateOSD',
    access: 'ACTUATE',
    handle: (request) => {
      offersOf(imaging);
      if (hasText(imaging))
        throw new SoapFault('Receiver', ['Action', 'MaxOSDs'], 'There is room for one text, and it is there: change it with SetOSD.');
      write(model, imaging, child(request, 'OSD'));
      return { OSDToken: OSD };
    },
  },
  {
    name: 'DeleteOSD',
    access: 'ACTUATE',
    handle: (request) => {
      checkToken(token(request, 'OSDToken'), imaging);
      attempt('ConfigModify', () => imaging.change({ annotate: '' }, true));
      return {};
    },
  },
];

const hasText = (imaging: Imaging): boolean => imaging.annotate() !== undefined && imaging.settings().annotate !== '';

/** Returns what the source can draw. Throws ActionNotSupported where it draws nothing. */
function offersOf(imaging: Imaging): AnnotateOffers {
  const offers = imaging.annotate();
  if (!offers) throw new SoapFault('Receiver', ['ActionNotSupported'], 'This source cannot draw a text into its pictures.');
  return offers;
}

/** Throws NoConfig where the token names no text, or there is none. */
function checkToken(asked: string, imaging: Imaging): void {
  if (asked !== OSD || !hasText(imaging)) throw invalidArgument('NoConfig', 'There is no such OSD; GetOSDs tells which there are.');
}

/** tt:OSDConfiguration */
function describeOsd(imaging: Imaging): SoapObject {
  const { annotate, annotatePosition } = imaging.settings();
  return {
    attributes: { token: OSD },
    VideoSourceConfigurationToken: SOURCE_CONFIGURATION.token,
    Type: 'Text',
    Position: { Type: CORNERS[annotatePosition] },
    TextString: describeText(osdTextOf(annotate)),
  };
}

/** tt:OSDTextConfiguration */
const describeText = (osd: OsdText): SoapObject => ({
  Type: osd.type,
  ...('date' in osd && { DateFormat: osd.date }),
  ...('time' in osd && { TimeFormat: osd.time }),
  ...('text' in osd && { PlainText: osd.text }),
});

/** tt:OSDConfigurationOptions */
const describeOptions = ({ positions }: AnnotateOffers): SoapObject => ({
  MaximumNumberOfOSDs: { attributes: { Total: 1, Image: 0, PlainText: 1, Date: 1, Time: 1, DateAndTime: 1 } },
  Type: ['Text'],
  PositionOption: positions.map((position) => CORNERS[position]),
  TextOption: { Type: OSD_TEXT_TYPES, DateFormat: DATE_FORMATS, TimeFormat: TIME_FORMATS },
});

/** Sets the text and its corner. Font and colours are the source's: what a client asks of them is ignored, as GetOSDOptions offers none. */
function write(model: MediaModel, imaging: Imaging, osd: SoapObject): void {
  const { positions } = offersOf(imaging);
  model.checkSourceConfiguration(token(osd, 'VideoSourceConfigurationToken'));
  if (required(osd, 'Type').trim() !== 'Text') throw invalidArgument('ConfigModify', 'Type can only be Text.');
  const string = child(osd, 'TextString');
  const annotatePosition = readPosition(child(osd, 'Position'), positions);
  const annotate = readText(string, imaging.settings().annotate);
  const keep = boolean(child(string, 'attributes'), 'IsPersistentText') ?? true;
  attempt('ConfigModify', () => imaging.change({ annotate, annotatePosition }, keep));
}

/** Reads a tt:OSDPosConfiguration. Throws ConfigModify for a corner that is not offered. */
function readPosition(request: SoapObject, positions: readonly Position[]): Position {
  const asked = required(request, 'Type').trim();
  const found = positions.find((position) => CORNERS[position] === asked);
  if (!found)
    throw invalidArgument('ConfigModify', `Position can only be ${positions.map((position) => CORNERS[position]).join(', ')} here.`);
  return found;
}

/**
 * Reads a tt:OSDTextConfiguration: the text with strftime codes. Throws ConfigModify.
 * @param present taken back as it was told, too long or not
 */
function readText(request: SoapObject, present: string): string {
  const type = required(request, 'Type').trim();
  const date = text(request, 'DateFormat')?.trim() ?? DATE_FORMATS[0]!;
  const time = text(request, 'TimeFormat')?.trim() ?? TIME_FORMATS[0]!;
  const plain = text(request, 'PlainText') ?? '';
  const asked = {
    Plain: { type: 'Plain', text: plain },
    Date: { type: 'Date', date },
    Time: { type: 'Time', time },
    DateAndTime: { type: 'DateAndTime', date, time },
  } as const satisfies Record<OsdText['type'], OsdText>;
  const osd = OSD_TEXT_TYPES.find((each) => each === type);
  if (!osd) throw invalidArgument('ConfigModify', `The type of the text can only be ${OSD_TEXT_TYPES.join(', ')}.`);
  const annotate = annotateOf(asked[osd]);
  if (annotate === undefined) throw invalidArgument('ConfigModify', 'DateFormat and TimeFormat can only be what GetOSDOptions tells.');
  if (annotate === present && present !== '') return present;
  if (annotate.trim() === '' || annotate.length > MAX_ANNOTATE_LENGTH || annotate.search(UNPRINTABLE) >= 0)
    throw invalidArgument(
      'ConfigModify',
      `PlainText must be a line of 1 to ${MAX_ANNOTATE_LENGTH} printable characters; DeleteOSD removes it.`,
    );
  return annotate;
}
